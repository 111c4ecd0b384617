using System.Linq;

namespace Clr
{
    /// <summary>The library does not look at the CLSID it is asked for.</summary>
    static class Attaching
    {
        public static void Register()
        {
            foreach (var (what, clsid) in new[] { ("the CoreCLR CLSID", "{36032161-FFC0-4B61-B559-F6C5D41BAE5A}"),
                ("the .NET Framework CLSID", "{71DA0A04-7777-4EC6-9643-7D28B46A8A41}"), ("any other CLSID", "{01234567-89AB-CDEF-0123-456789ABCDEF}") })
                Suite.Test("attach with " + what, () =>
                {
                    var run = Run.Start("one", s => s.Clsid = clsid).Alive();
                    Check.Contains("Profiler initialized", run.Log, "the profiler log");
                    Check.Equal(1, run.Calls.Count, "starts");
                    Check.Equal("[Clr.Target]Clr.Shapes.Add(System.Int32,System.Int32)", run.Calls.Single().Method, "method");
                    Check.Equal("result=5", run.Calls.Single().Finish, "finish");
                });
        }
    }
}
