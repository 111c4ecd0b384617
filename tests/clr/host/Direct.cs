using System;
using System.Linq;
using System.Text.RegularExpressions;

namespace Clr
{
    /// <summary>The switch call = "direct". That everything else is as without it is what the whole suite says when it runs with the variable; here, that the
    /// agent is called by address at all.</summary>
    static class Direct
    {
        const int Contexts = 100, Most = 100; // bytes for a call

        static Run Start(string value, string level = "debug") => Run.Start("direct " + Suite.PluginDll + " " + Contexts, s =>
        {
            s.Environment["NEW_RELIC_DIRECT_CALL"] = value;
            s.Environment["NEW_RELIC_LOG_LEVEL"] = level;
        }).Alive();

        static int[] Bytes(Run run, string what)
        {
            Match m = Regex.Match(run.Output, "^" + what + @" ([0-9,]+)$", RegexOptions.Multiline);
            Check.That(m.Success && !run.Output.Contains("wrong result"), "the target printed: " + run.Output.Trim());
            return m.Groups[1].Value.Split(',').Select(int.Parse).ToArray();
        }

        static int Instrumented(Run run, string method) => Regex.Matches(run.Log, "Instrumenting method: .*" + Regex.Escape(method) + "\n").Count;

        const string Add = "[Clr.Target]Clr.Shapes.Add(System.Int32,System.Int32)", Work = "[Clr.Plugin]Clr.Plugin.Work(System.Int32)";

        public static void Register()
        {
            Suite.Test("direct call: the agent is called by address, in every load context", () =>
            {
                if (Suite.Reference) throw new Skipped("the C++ profiler has no direct call");
                Run run = Start("1");
                Check.Contains("Switch call is on: ", run.Log, "the profiler log");
                Check.Contains(" methods are compiled again, for direct calls", run.Log, "the profiler log");
                Check.Equal(2, Instrumented(run, Add), "lines \"Instrumenting method\" for Add: before and after the agent was loaded");
                Check.Equal(Contexts, Instrumented(run, Work), "lines \"Instrumenting method\" for the plugin");
                int[] add = Bytes(run, "Add"), contexts = Bytes(run, "contexts");
                Console.WriteLine($"     bytes for a call of Add: {add[0]}, in {contexts.Length} load contexts: {contexts.Min()} to {contexts.Max()}");
                Check.That(add[0] > 0 && add[0] <= Most, add[0] + " bytes for a call of Add");
                Check.Equal(Contexts, contexts.Length, "load contexts");
                Check.That(contexts.All(b => b > 0 && b <= Most), "bytes for a call: " + string.Join(",", contexts));
                // The CLR compiles nothing again that is collectible: instrumented neither so nor so.
                Check.Equal(0, Bytes(run, "collectible")[0], "bytes for a call in a collectible context");
                Check.That(!run.Log.Contains("No direct calls"), "the log says that something is not called directly");
            });

            Suite.Test("without the switch it is called by reflection, and the log says nothing of direct calls", () =>
            {
                Run run = Start(null);
                Check.Equal(1, Instrumented(run, Add), "lines \"Instrumenting method\" for Add");
                int[] all = Bytes(run, "Add").Concat(Bytes(run, "contexts")).ToArray();
                Check.Equal(Contexts + 1, all.Length, "measurements");
                Check.That(all.All(b => b > 2 * Most), "bytes for a call: " + string.Join(",", all));
                Check.Equal(0, Bytes(run, "collectible")[0], "bytes for a call in a collectible context");
                Check.That(!run.Log.ToLowerInvariant().Contains("direct call"), "the log speaks of direct calls");
            });

            Suite.Test("direct call: methods of value types are named in the log, and keep the ordinary code", () =>
            {
                if (Suite.Reference) throw new Skipped("the C++ profiler has no direct call");
                Run run = Run.Start("nested-struct", s => s.Environment["NEW_RELIC_DIRECT_CALL"] = "1"); // may end badly: see Instrumenting.cs
                Check.Contains(" No direct calls from methods of value types in Clr.Target (the first is Clr.Outer+Value.Get): their 'this' is no object. " +
                    "The template 'tracer' writes instead.\n", run.Log, "the profiler log");
                Run without = Run.Start("nested-struct", s => s.Environment["NEW_RELIC_DIRECT_CALL"] = null);
                Check.Equal(1, Instrumented(run, "[Clr.Target]Clr.Outer+Value.Get()"), "lines \"Instrumenting method\"");
                if (without.ExitCode == 0) Check.Equal(without.Output, run.Output, "output");
                Check.That(!without.Log.Contains("No direct calls"), "the log speaks of direct calls without the switch");
            });
        }
    }
}
