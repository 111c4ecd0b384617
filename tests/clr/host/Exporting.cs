using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;

namespace Clr
{
    /// <summary>The nine exports, called from the target as the managed agent calls them. What a call returned is in the target's output.</summary>
    static class Exporting
    {
        const int Refreshes = 1000, Workers = 8, Methods = 300;

        static void Prints(string name, string scenario, Action<Setup> change, params string[] lines) => Suite.Test(name, () =>
            Check.Equal(string.Join("\n", lines) + "\ndone\n", Run.Start(scenario, change).Alive().Output, "output"));

        // "One 3, Two 7": the calls of Clr.Switched that were instrumented, by method and argument
        static string Seen(Run run) => string.Join(", ", run.Calls.Where(c => c.Type == "<Clr.Switched>")
            .Select(c => Regex.Replace(c.Method, @".*\.(\w+)\(.*", "$1") + Regex.Replace(c.Arguments, @".*args=\[(.*)\]", " $1")));

        static void Instruments(string name, string scenario, string seen, params string[] lines) => Suite.Test(name, () =>
        {
            if (Suite.Reference && scenario.EndsWith(" bad")) throw new Skipped("the C++ profiler ends the process");
            Run run = Run.Start(scenario, s => File.Delete(s.Extension("target.xml"))).Alive();
            Check.Equal(string.Join("\n", lines) + "\ndone\n", run.Output, "output");
            Check.Equal(seen, Seen(run), "instrumented calls");
            Check.That(run.Calls.All(c => c.Finish != null), "starts without a finish");
        });

        static int Number(Run run, string what)
        {
            Match m = Regex.Match(run.Output, "^" + what + @" (\d+)$", RegexOptions.Multiline);
            Check.That(m.Success, "the target did not print \"" + what + "\"");
            return int.Parse(m.Groups[1].Value);
        }

        // What the library itself holds: it says so at DEBUG, which the target sets for the tenth refresh and for the last one.
        static List<(int Bytes, int Old)> Held(Run run) => Regex.Matches(run.Log, @"Refreshed: (\d+) bytes of memory in use by this library, (\d+) old tables not freed yet")
            .Select(m => (int.Parse(m.Groups[1].Value), int.Parse(m.Groups[2].Value))).ToList();

        static int Bodies(Run run) => Regex.Matches(run.Log, "Instrumenting method: ").Count;

        static void Holds(Run run, int mayGrow)
        {
            if (Suite.Reference) return;
            var held = Held(run);
            Check.Equal(2, held.Count, "lines \"Refreshed: \"");
            Console.WriteLine($"     the library holds {held[0].Bytes} bytes after the tenth refresh, {held[1].Bytes} after the last; old tables not freed: {held[0].Old}, {held[1].Old}");
            Check.That(held[1].Bytes - held[0].Bytes <= mayGrow, $"the library's memory grew from {held[0].Bytes} to {held[1].Bytes} bytes");
            Check.That(held[1].Old < 10, held[1].Old + " old tables are not freed");
        }

        static void Measured(Run run)
        {
            foreach (Match m in Regex.Matches(run.Output, "^measured: (.*)$", RegexOptions.Multiline)) Console.WriteLine("     " + m.Groups[1].Value);
        }

        public static void Register()
        {
            Prints("exports: loaded, but no profiler was initialised", "exports", s => s.Environment["CORECLR_ENABLE_PROFILING"] = "0",
                "refresh 80004005", "reload 80004005", "add 80004005", "apply 80004005", "profile 8000ffff", "names 8000ffff", "left alone True", "thread none");
            Prints("exports: initialised", "exports", null,
                "refresh 00000000", "reload 00000000", "add 00000000", "apply 00000000", "profile 00000000", "names 00000000", "left alone False", "thread known");
            Prints("exports: found by the library's SONAME alone", "exports-by-name", null,
                "refresh 00000000", "reload 00000000", "add 00000000", "apply 00000000", "profile 00000000", "names 00000000", "left alone False", "thread known");
            Prints("exports: NULL pointers, negative lengths, wrong order", "exports-bad", null,
                "profile nowhere 80070057", "profile without length 80070057", "profile without pointer 80070057",
                "names of nothing 80070057", "no names 80070057", "fewer than no names 8000ffff", "least names 8000ffff", "names nowhere 80070057",
                "left alone True", "name before a profile UnknownClass.UnknownMethod(error)",
                "profile 00000000", "records True", "profile, not released 80004005", "left alone True", "records kept True",
                "profile, released 00000000", "profile, shut down 00000000");

            const string custom = "apply, nothing added 00000000|add One 00000000|apply 00000000|add Two 00000000|add Three by the same name 00000000|apply 00000000|"
                + "apply, nothing added 00000000|apply again 00000000|add One and Two 00000000|apply 00000000|add broken XML 00000000|apply 00000001";
            const string seen = "One 3, One 4, Three 5, One 7, Two 7, One 8, Two 8";
            Instruments("custom instrumentation: added, applied, replaced, removed, broken", "custom", seen, custom.Split('|'));
            Instruments("custom instrumentation: NULL, characters beyond the BMP", "custom bad", seen + ", Three 9",
                (custom + "|add without a name 80070057|add without a text 80070057|add beyond the BMP 00000000|apply 00000000").Split('|'));
            Instruments("refresh: rules come, break, change and go", "refresh", "One 3, One 4, Two 5",
                "refresh, nothing new 00000000", "refresh 00000000", "refresh, broken file 00000001", "refresh 00000000", "refresh, file gone 00000000");
            Instruments("reload: an ignore list comes and goes", "reload", "One 1, One 2, One 6",
                "refresh 00000000", "reload, nothing new 00000000", "reload, ignored 00000000", "refresh 00000000", "reload, not ignored 00000000");
            Instruments("reload: a configuration that cannot be used changes nothing", "reload bad", "One 1, One 2, One 3, One 3, One 3, One 3, One 6",
                "refresh 00000000", "reload, nothing new 00000000", "reload, config \"<other/>\" 80004005", "refresh 00000000", "reload, config \"<configuration\" 80004005", "refresh 00000000",
                "reload, config \"\" 80004005", "refresh 00000000", "reload, no config 80004005", "reload, ignored 00000000", "refresh 00000000", "reload, not ignored 00000000");

            Suite.Test(Refreshes + " refreshes while " + Workers + " threads compile", () =>
            {
                // The same methods are compiled during ten refreshes and during a thousand: what the second run holds beyond the first, 990 refreshes left
                // behind. A small nursery, or most of it would be the managed heap of the stand-in agent.
                Run Load(int refreshes) => Run.Start("load " + Workers + " " + refreshes, s =>
                {
                    File.Delete(s.Extension("target.xml"));
                    File.WriteAllText(s.Extension("many.xml"), Loading.RuleFile());
                    s.Environment["DOTNET_GCgen0size"] = "40000";
                }).Alive();
                Run ten = Load(10), run = Load(Refreshes);
                foreach (Run r in new[] { ten, run })
                    Console.WriteLine($"     {(r == ten ? 10 : Refreshes)} refreshes in {Number(r, "milliseconds")} ms, {Bodies(r)} bodies given to the CLR; resident after the tenth: {Number(r, "resident after 10")} KiB, at the end: {Number(r, "resident at the end")} KiB");
                // Between the tenth refresh and the last one methods are compiled for the first time: what the library remembers of their tokens stays.
                Holds(ten, 2 * Methods * 256);
                Holds(run, 2 * Methods * 256);
                if (!Suite.Reference) Check.Equal(Held(ten).Last().Bytes, Held(run).Last().Bytes, "bytes held after 10 and after " + Refreshes + " refreshes");
                int more = Number(run, "resident at the end") - Number(ten, "resident at the end"), bodies = Bodies(run) - Bodies(ten);
                Check.That(more < (16 << 10), $"resident memory: {more} KiB more after {Refreshes} refreshes than after 10, with {bodies} bodies more");
                Check.Equal(0, Number(run, "failures"), "refreshes that failed");
                Check.Equal(0, Number(run, "wrong"), "wrong results");
                Check.Contains("sum 90900722400\n", run.Output, "the output");
                Check.Equal(string.Join(", ", Enumerable.Range(1, Refreshes / 50).Where(i => i % 2 == 1).Select(i => "One " + i * 50)), Seen(run), "calls of the rule that comes and goes");
                var calls = run.Calls.ToLookup(c => c.Method, c => c.Arguments);
                for (int i = 0; i < Methods; i++)
                    foreach (string kind in new[] { "Rule", "Attribute" })
                        Check.Equal(1, calls[$"[Clr.Target]Clr.ManyMethods.{kind}{i}(System.Int32)"].Count(a => a == "this=null args=[2]"), $"starts of {kind}{i} at the end");
                Check.That(run.Calls.All(c => c.Finish != null), "starts without a finish");
            });

            // Rules for an assembly that is not there, but one: nearly all that could grow is the profiler's own.
            Suite.Test(Refreshes + " refreshes of " + Methods + " rules: memory stays flat after the tenth", () =>
            {
                Run run = Run.Start("flat " + Refreshes, s =>
                {
                    File.Delete(s.Extension("target.xml"));
                    File.WriteAllText(s.Extension("absent.xml"), Loading.RuleFile().Replace("Clr.Target", "Clr.Absent"));
                }).Alive();
                int early = Number(run, "resident after 10"), late = Number(run, "resident at the end");
                Console.WriteLine($"     resident after 10 refreshes: {early} KiB, after {Refreshes}: {late} KiB; {Number(run, "milliseconds")} ms");
                Holds(run, 0);
                Check.Equal(0, Number(run, "failures"), "refreshes that failed");
                Check.Equal("One 1, One 2", Seen(run), "instrumented calls");
                Check.That(late - early < 4 << 10, $"resident memory grew from {early} to {late} KiB");
            });

            Prints("thread profile: known stacks and their names", "stacks", null,
                "threads differ", "requester 0 True", "chain 0 Clr.Stacks.Park Generic`1.Fourth Nested.Third Clr.Stacks.Second Clr.Stacks.First",
                "unknown UnknownClass.UnknownMethod(error) UnknownClass.UnknownMethod(error) Clr.Stacks.Second UnknownClass.UnknownMethod(error)",
                "frames 1305 code 0 count 1305 deep", "frames 1336 code 0 count 1336 deep", "frames 1337 code 0 count 1337 deep", "frames 1338 code 1 count 1 ",
                "frames 1505 code 1 count 168 deep", "frames 2674 code 1 count 1337 deep", "frames 2675 code 1 count 1 ",
                "ended threads seen 0", "after shutdown UnknownClass.UnknownMethod(error)");
            Suite.Test("thread profile: threads that come, go and compile", () =>
            {
                Run run = Run.Start("stacks-busy 200").Alive();
                Measured(run);
                Check.Contains("samples 200\nsaw this method True\nthreads made many\n", run.Output, "the output");
                Check.That(!run.Log.Contains("[Error] "), run.Log);
            });
            Suite.Test("thread profile: four callers and a shutdown now and then", () =>
            {
                if (Suite.Reference) throw new Skipped("the C++ profiler allows one caller at a time");
                Check.Equal("calls 800\nserved True\nother results 0\ndone\n", Run.Start("stacks-callers 4 200").Alive().Output, "output");
            });
        }
    }
}
