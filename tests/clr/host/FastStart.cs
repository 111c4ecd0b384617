using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection.PortableExecutable;
using System.Text.RegularExpressions;

namespace Clr
{
    /// <summary>
    /// Fast start with a target that was compiled ahead of time: its image holds code, the runtime uses it, and asks before it does. That nothing
    /// else is different is what the other tests say when they are run under the switch.
    /// </summary>
    static class FastStart
    {
        static Run Shapes(string value) => Run.Start("shapes", s =>
        {
            s.Environment["NEW_RELIC_LOG_LEVEL"] = "finest";
            s.Environment["NEW_RELIC_FAST_START"] = value;
        }).Alive();

        static readonly Lazy<Run> s_fast = new Lazy<Run>(() => Shapes("1")), s_usual = new Lazy<Run>(() => Shapes(null));

        static List<ulong> Functions(Run run, string line) => Regex.Matches(run.Log, Regex.Escape(line) + @"\. (\d+)").Select(m => ulong.Parse(m.Groups[1].Value)).ToList();

        static int Compiled(Run run) => Functions(run, "JITCompilationStarted").Count;

        /// <summary>With attributes, or in nested types: ReJIT is asked for when they are compiled, and not before, when their module loads.</summary>
        static readonly string[] s_onlyWhenCompiled = {
            "Clr.Shapes.Background()", "Clr.Shapes.Web()", "Clr.Shapes.NotWeb()", "Clr.Shapes.Traced()", "Clr.Shapes.TracedAsync()", "Clr.Box`1+Lid.Close(!0)",
            "Clr.Outer+Inner.Work(Inner)", "Clr.Outer+Inner+Innermost.Work()", "Clr.Compiled+<>c.<Lambda>b__1_0(System.Int32,System.String)" };

        /// <summary>II.25.3.3: ManagedNativeHeader. Without it every method is compiled by the JIT, and the tests below would say nothing.</summary>
        static void HasPrecompiledCode(string image)
        {
            using var reader = new PEReader(File.OpenRead(image));
            Check.That(reader.PEHeaders.CorHeader.ManagedNativeHeaderDirectory.Size > 0, image + " was not compiled ahead of time");
        }

        public static void Register()
        {
            string target = Suite.Target.EndsWith(".dll") ? Suite.Target : Suite.Target + ".dll";
            Suite.Test("fast start: precompiled code of methods to be instrumented is refused", () =>
            {
                HasPrecompiledCode(target);
                Check.Equal(0, Functions(s_usual.Value, "Precompiled code refused").Count, "refusals without the switch");
                Run run = s_fast.Value;
                Check.Contains("Switch keep_precompiled is on: ", run.Log, "the profiler log");
                var refused = Functions(run, "Precompiled code refused").ToHashSet();
                Console.WriteLine($"     {run.Calls.Count} starts; of {refused.Count} functions the precompiled code was refused");
                foreach (string method in s_onlyWhenCompiled)
                {
                    var functions = run.Of("[Clr.Target]" + method).Select(c => Convert.ToUInt64(c.Function, 16)).ToList();
                    Check.That(functions.Count > 0 && functions.All(refused.Contains), "precompiled code of " + method + " was not refused");
                }
                Check.Equal(s_usual.Value.Calls.Count, run.Calls.Count, "starts");
            });
            Suite.Test("fast start: what is not instrumented runs from precompiled code", () =>
            {
                HasPrecompiledCode(target);
                int usual = Compiled(s_usual.Value), fast = Compiled(s_fast.Value);
                Console.WriteLine($"     JIT callbacks: {fast}, without the switch {usual}");
                Check.That(fast > 0 && fast * 3 < usual, $"{fast} JIT callbacks with the switch, {usual} without it");
            });
            Suite.Test("fast start: precompiled methods that contain an instrumented one are found", () =>
            {
                HasPrecompiledCode(target);
                Match m = Regex.Match(s_fast.Value.Log, @" (\d+) precompiled methods of Clr\.Target contain methods of Clr\.Target that are to be instrumented");
                Check.That(m.Success && int.Parse(m.Groups[1].Value) > 0, "the log has no line about them");
                Check.That(!s_fast.Value.Log.Contains("The image of Clr.Target "), "the list of its image is missing, or not whole");
            });
        }
    }
}
