using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Net.Sockets;
using System.Text;
using System.Threading;

namespace Clr
{
    /// <summary>The library does not look at the CLSID it is asked for. Asked to attach to a process that runs already, it does nothing.</summary>
    static class Attaching
    {
        /// <summary>The command AttachProfiler of the runtime's diagnostics port (dotnet/diagnostics, ipc-protocol.md). Returns the HRESULT.</summary>
        static int Attach(int process, Guid clsid, string path)
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            string name = Directory.GetFiles(Path.GetTempPath(), "dotnet-diagnostic-" + process + "-*-socket").FirstOrDefault();
            if (name == null) throw new Failed("the target has no diagnostics port");
            socket.Connect(new UnixDomainSocketEndPoint(name));
            using (var stream = new NetworkStream(socket, true))
            {
                var payload = new MemoryStream();
                var writer = new BinaryWriter(payload);
                writer.Write(10000u); // milliseconds
                writer.Write(clsid.ToByteArray());
                writer.Write((uint)path.Length + 1);
                writer.Write(Encoding.Unicode.GetBytes(path + "\0"));
                writer.Write(0u); // bytes of client data
                var whole = new MemoryStream(); // in one piece: .NET Core 3.1 takes what one read gives it
                var message = new BinaryWriter(whole);
                message.Write(Encoding.ASCII.GetBytes("DOTNET_IPC_V1\0"));
                message.Write((ushort)(20 + payload.Length));
                message.Write(new byte[] { 3, 1, 0, 0 }); // command set Profiler, AttachProfiler
                message.Write(payload.ToArray());
                stream.Write(whole.ToArray(), 0, (int)whole.Length);
                var answer = new BinaryReader(stream);
                answer.ReadBytes(20);
                return answer.ReadInt32();
            }
        }

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
            Suite.Test("attach to a process that runs: nothing is instrumented, the exports say so, the process goes on", () =>
            {
                if (Suite.Reference) throw new Skipped("the C++ profiler's exports end the process after an attach");
                if (Suite.Launcher != null) throw new Skipped("the diagnostics port of an emulated process is out of reach");
                string profiler = Suite.Profiler;
                if (profiler == "none") throw new Failed("nothing to attach");
                var run = Run.Start("attached", s => s.Environment["CORECLR_ENABLE_PROFILING"] = "0", (process, setup) =>
                {
                    // Before the runtime is up it would answer that it is not available yet.
                    for (int i = 0; i < 3000 && !File.Exists(Path.Combine(setup.Home, "running")); i++) Thread.Sleep(20);
                    Check.Equal("00000000", Attach(process.Id, new Guid("36032161-FFC0-4B61-B559-F6C5D41BAE5A"), profiler).ToString("x8"), "result of the attach command");
                    File.WriteAllText(Path.Combine(setup.Home, "attached"), "");
                }).Alive();
                Check.Equal("5\nrefresh 80004005\nreload 80004005\nadd 80004005\napply 80004005\nprofile 8000ffff\nnames 00000000\nleft alone False\nthread none\n5\ndone\n", run.Output, "output");
                Check.Equal(0, run.Calls.Count, "starts");
            });
        }
    }
}
