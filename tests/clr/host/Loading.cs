using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;

namespace Clr
{
    /// <summary>Modules that come into being or go away while the program runs, and methods that several threads compile at once.</summary>
    static class Loading
    {
        const int Times = 1000, Contexts = 100, Methods = 300, Workers = 8;

        static int Number(Run run, string what)
        {
            Match m = Regex.Match(run.Output, "^" + what + @" (\d+)$", RegexOptions.Multiline);
            Check.That(m.Success, "the target did not print \"" + what + "\"");
            return int.Parse(m.Groups[1].Value);
        }

        static int Requests(Run run, string method) => Regex.Matches(run.Log, @"Request reJIT: \[\d+\] .*" + Regex.Escape(method) + "\n").Count;

        internal static string RuleFile() =>
            "<extension><instrumentation><tracerFactory><match assemblyName=\"Clr.Target\" className=\"Clr.ManyMethods\">"
            + string.Concat(Enumerable.Range(0, Methods).Select(i => $"<exactMethodMatcher methodName=\"Rule{i}\"/>"))
            + "</match></tracerFactory></instrumentation></extension>";

        public static void Register()
        {
            // The CLR refuses ReJIT for Reflection.Emit modules and for everything collectible (documented at ICorProfilerInfo4::RequestReJIT), the
            // latter without a word. What can be seen is that the profiler finds the method by name and asks, each time, and does no harm.
            Suite.Test("Reflection.Emit: methods made at run time are found by name", () =>
            {
                Run run = Run.Start("emit", s => s.Environment["NEW_RELIC_LOG_LEVEL"] = "debug").Alive();
                Check.Equal("Run 50\nRunAndCollect 50\ndone\n", run.Output, "the output");
                Check.Equal(2, Requests(run, "[Clr.Dynamic]Clr.Emitted.Twice(System.Int32)"), "ReJIT requests");
                Check.Equal(0, run.Calls.Count, "starts");
            });

            // Where the CLR is asked for metadata it reads the module more slowly from then on (src/clr/loaded_image.h).
            Suite.Test("modules are read from their images, but those that have none", () =>
            {
                if (Suite.Reference) throw new Skipped("the C++ profiler asks for the metadata of every module");
                const string asked = "is not read from an image: the CLR is asked for its metadata.";
                Run emitted = Run.Start("emit", s => s.Environment["NEW_RELIC_LOG_LEVEL"] = "finest").Alive();
                Check.Equal(2, Regex.Matches(emitted.Log, asked).Count, "modules made at run time");
                Run usual = Run.Start("shapes", s => s.Environment["NEW_RELIC_LOG_LEVEL"] = "finest").Alive();
                Check.That(usual.Calls.Count > 50, "nothing was instrumented");
                Check.Equal(0, Regex.Matches(usual.Log, asked).Count, "modules of files");
            });

            Suite.Test("collectible load context, loaded and dropped " + Times + " times", () =>
            {
                Run run = Run.Start("collectible " + Suite.PluginDll + " " + Times, s => s.Environment["NEW_RELIC_LOG_LEVEL"] = "debug").Alive();
                int early = Number(run, "resident after 100"), late = Number(run, "resident at the end"), left = Number(run, "still loaded");
                System.Console.WriteLine($"     resident after 100: {early} KiB, after {Times}: {late} KiB; still loaded: {left}");
                Check.That(!run.Output.Contains("wrong result"), run.Output);
                Check.Equal(Times, Requests(run, "[Clr.Plugin]Clr.Plugin.Work(System.Int32)"), "ReJIT requests");
                Check.Equal(0, left, "contexts that stayed");
                Check.That(late - early < 32 << 10, $"resident memory grew from {early} to {late} KiB");
            });

            Suite.Test("the same assembly in " + Contexts + " load contexts that stay", () =>
            {
                Run run = Run.Start("contexts " + Suite.PluginDll + " " + Contexts).Alive();
                Check.That(!run.Output.Contains("wrong result"), run.Output);
                Check.Equal(string.Join("; ", Enumerable.Range(0, Contexts).Select(i => $"this=null args=[{i}] result={i + 1}")),
                    string.Join("; ", run.Of("[Clr.Plugin]Clr.Plugin.Work(System.Int32)").Select(c => c.Arguments + " " + c.Finish)), "calls");
                Check.Equal(Contexts, run.Calls.Select(c => c.Function).Distinct().Count(), "function ids");
            });

            Suite.Test(Workers + " threads compile " + 2 * Methods + " methods at once", () =>
            {
                Run run = Run.Start("threads " + Workers, s => File.WriteAllText(s.Extension("many.xml"), RuleFile())).Alive();
                Check.Contains("sum 722400\nsum 90900\n", run.Output, "the output");
                IReadOnlyDictionary<string, int> logged = Regex.Matches(run.Log, "Instrumenting method: .*(\\[Clr.Target\\].*)").GroupBy(m => m.Groups[1].Value).ToDictionary(g => g.Key, g => g.Count());
                var calls = run.Calls.ToLookup(c => c.Method, c => c.Arguments);
                for (int i = 0; i < Methods; i++)
                    foreach (string kind in new[] { "Rule", "Attribute" })
                    {
                        string method = $"[Clr.Target]Clr.ManyMethods.{kind}{i}(System.Int32)";
                        // A rule is in force when the module loads. An attribute is found while the first thread compiles the method, and
                        // the CLR lets threads that came at the same moment run what it had compiled before; after that, every call counts.
                        int atOnce = calls[method].Count(a => a == "this=null args=[1]"), after = calls[method].Count(a => a == "this=null args=[2]");
                        if (kind == "Rule") Check.Equal(Workers, atOnce, "starts of " + method);
                        else Check.That(atOnce <= Workers, $"{atOnce} starts of {method} in {Workers} calls");
                        Check.Equal(1, after, "later starts of " + method);
                        // Methods compiled before the agent was loaded are compiled again, when they are to call it directly.
                        int lines = logged.GetValueOrDefault(method), most = Suite.Environment.ContainsKey("NEW_RELIC_DIRECT_CALL") ? 2 : 1;
                        Check.That(lines >= 1 && lines <= most, lines + " lines \"Instrumenting method\" for " + method);
                    }
                Check.That(run.Calls.All(c => c.Finish != null), "starts without a finish");
            });
        }
    }
}
