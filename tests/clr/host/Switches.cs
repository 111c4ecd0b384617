using System.IO;
using System.Linq;

namespace Clr
{
    /// <summary>What each switch of docs/compat.md changes on the real CLR, and that without it nothing is changed. Fast start, direct calls and
    /// safe mode have tests of their own; report_rejit_errors is about a report that this CLR makes for no body that could be written here.</summary>
    static class Switches
    {
        const string Rule = "<extension xmlns=\"urn:newrelic-extension\"><instrumentation><tracerFactory name=\"Switches\">" +
            "<match assemblyName=\"Clr.Target\" className=\"Clr.Switches\"><exactMethodMatcher methodName=\"Both\"/><exactMethodMatcher methodName=\"Small\"/></match>" +
            "<match assemblyName=\"Clr.Target\" className=\"Clr.Switches+Tiny\"><exactMethodMatcher methodName=\"Small\"/></match>" +
            "<match assemblyName=\"Clr.Target\" className=\"Clr.Spans\"><exactMethodMatcher methodName=\"Length\"/></match></tracerFactory></instrumentation></extension>";

        static Run Start(string scenario, string variable, bool on)
        {
            if (on && Suite.Reference) throw new Skipped("the C++ profiler has none of this");
            return Run.Start(scenario, s =>
            {
                File.WriteAllText(s.Extension("switches.xml"), Rule);
                if (on) s.Environment[variable] = "1";
            }).Alive();
        }

        static void Calls(string name, string variable, string method, int without, int with)
        {
            foreach (bool on in new[] { false, true })
                Suite.Test($"{name} {(on ? "on" : "off")}: starts of {method}", () =>
                {
                    Run run = Start("switches", variable, on);
                    Check.Equal("4 5 3 1\n0 2\ndone\n", run.Output, "output");
                    int starts = run.Of("[Clr.Target]Clr." + method).Count();
                    if (Suite.Windows && name == "veto_inlining" && !on && starts > without) throw new Skipped("the JIT did not inline it under this emulator: there is nothing to veto");
                    Check.Equal(on ? with : without, starts, "starts");
                    if (on) Check.Contains($"Switch {name} is on: ", run.Log, "the profiler log");
                });
        }

        public static void Register()
        {
            // Fast start vetoes as well, and knows what the compiler of a precompiled image inlined.
            Calls("veto_inlining", "NEW_RELIC_VETO_INLINING", "Switches+Tiny.Small(System.Int32)", Suite.Environment.ContainsKey("NEW_RELIC_FAST_START") ? 1 : 0, 1);
            Calls("veto_inlining", "NEW_RELIC_VETO_INLINING", "Switches.Small(System.Int32)", 1, 1);
            Calls("nested_types_at_load", "NEW_RELIC_NESTED_TYPES_AT_LOAD", "Switches+Inner.Get(System.Int32)", 0, 1);
            foreach (var (on, flags) in new[] { (false, "flags=0x00803400"), (true, "flags=0x00003400") })
                Suite.Test($"flags_per_method {(on ? "on" : "off")}: the overload after an async one", () =>
                {
                    Run run = Start("switches", "NEW_RELIC_FLAGS_PER_METHOD", on);
                    Check.Contains("flags=0x00803400", run.Of("[Clr.Target]Clr.Switches.Both(System.Int32)").Single().Point, "flags of the async method");
                    Check.Contains(flags, run.Of("[Clr.Target]Clr.Switches.Both(System.String)").Single().Point, "flags");
                });
            foreach (var (on, output, starts) in new[] { (false, "InvalidProgramException 4 5 42\ndone\n", 0), (true, "3 4 5 42\ndone\n", 1) })
                Suite.Test($"by_ref_like_as_null {(on ? "on" : "off")}: a method with a span", () =>
                {
                    Run run = Start("spans", "NEW_RELIC_BY_REF_LIKE_AS_NULL", on);
                    Check.Equal(output, run.Output, "output");
                    Check.Equal(starts, run.Calls.Count, "starts");
                    if (on) Check.Equal("this=null args=[null]", run.Calls.Single().Arguments, "arguments");
                });
        }
    }
}
