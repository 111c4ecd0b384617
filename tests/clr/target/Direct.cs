using System;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.Loader;

namespace Clr
{
    /// <summary>Bytes that one call of an instrumented method allocates: whether the agent was called by reflection, which takes hundreds, by address, or
    /// not at all cannot be seen in anything else.</summary>
    static class Direct
    {
        const int Calls = 200;

        public static void Run(string plugin, int contexts)
        {
            Shapes.Add(2, 3); // the agent is loaded, and what this wrote is compiled again
            // From here on the stand-in agent takes this thread for one that is printing already, and does nothing.
            Assembly.LoadFrom(Path.Combine(Exports.Home, "NewRelic.Agent.Core.dll")).GetType("NewRelic.Agent.Core.AgentShim")
                .GetField("t_busy", BindingFlags.NonPublic | BindingFlags.Static).SetValue(null, true);
            Console.WriteLine("Add " + BytesOf(() => Shapes.Add(2, 3)));
            Console.WriteLine("contexts " + string.Join(",", Enumerable.Range(0, contexts).Select(i => BytesOf(Work(new AssemblyLoadContext("plugin " + i), plugin)))));
            Console.WriteLine("collectible " + BytesOf(Work(new AssemblyLoadContext("collectible", isCollectible: true), plugin)));
        }

        static Func<int> Work(AssemblyLoadContext context, string path)
        {
            var work = (Func<int, int>)context.LoadFromAssemblyPath(path).GetType("Clr.Plugin").GetMethod("Work").CreateDelegate(typeof(Func<int, int>));
            return () => work(4);
        }

        static long BytesOf(Func<int> call)
        {
            for (int i = 0; i < 3; i++)
                if (call() != 5) Console.WriteLine("wrong result");
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < Calls; i++) call();
            return (GC.GetAllocatedBytesForCurrentThread() - before) / Calls;
        }
    }
}
