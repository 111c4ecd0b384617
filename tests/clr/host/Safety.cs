using System;
using System.Diagnostics;
using System.IO;

namespace Clr
{
    /// <summary>What is there to protect the application: safe mode, the kill switch, and what a crash leaves to read.</summary>
    static class Safety
    {
        const string Rule = "<extension xmlns=\"urn:newrelic-extension\"><instrumentation><tracerFactory name=\"Safety\">" +
            "<match assemblyName=\"Clr.Target\" className=\"Clr.Spans\"><exactMethodMatcher methodName=\"Length\"/><exactMethodMatcher methodName=\"Count\"/><exactMethodMatcher methodName=\"Sum\"/></match>" +
            "<match assemblyName=\"Clr.Target\" className=\"Clr.Spans+Pair\"><exactMethodMatcher methodName=\"Twice\"/></match></tracerFactory></instrumentation></extension>";

        static void OursOnly() { if (Suite.Reference) throw new Skipped("the C++ profiler has none of this"); }

        public static void Register()
        {
            Suite.Test("without safe mode a method with a span fails to compile, as with the C++ profiler", () =>
            {
                Run run = Run.Start("spans", s => File.WriteAllText(s.Extension("spans.xml"), Rule));
                Check.Contains("[Clr.Target]Clr.Spans+Pair.Twice()", run.Log, "the profiler log");
                // It is a nested struct's: see Instrumenting.cs.
                if (!Suite.Target.EndsWith(".dll") && run.ExitCode == 139) throw new Skipped("this version of the CLR cannot run what the C++ profiler writes here");
                run.Alive();
                Check.Equal("InvalidProgramException 4 5 42\ndone\n", run.Output, "output");
                Check.Equal(2, run.Calls.Count, "starts");
            });
            Suite.Test("in safe mode it stays as it is and the others are instrumented", () =>
            {
                OursOnly();
                Run run = Run.Start("spans", s => { File.WriteAllText(s.Extension("spans.xml"), Rule); s.Environment["NEW_RELIC_SAFE_REWRITE"] = "1"; }).Alive();
                Check.Equal("3 4 5 42\ndone\n", run.Output, "output");
                Check.Equal(2, run.Calls.Count, "starts");
                Check.Contains("Left as it is: [Clr.Target]Clr.Spans.Length(System.ReadOnlySpan`1[System.Char]): the new body is bad BY_REF_LIKE at ", run.Log, "the profiler log");
                Check.Contains("Left as it is: [Clr.Target]Clr.Spans+Pair.Twice(): the new body is bad POINTER_AS_OBJECT at ", run.Log, "the profiler log");
                Check.Contains("/extensions/spans.xml:1, template tracer)", run.Log.Replace('\\', '/'), "the profiler log");
            });
            Suite.Test("NEW_RELIC_PROFILER_DISABLED=1", () =>
            {
                OursOnly();
                Run run = Run.Start("one", s => s.Environment["NEW_RELIC_PROFILER_DISABLED"] = "1").Alive();
                Check.Equal("5\ndone\n", run.Output, "output");
                Check.Equal(0, run.Calls.Count, "starts");
                Check.Contains("NEW_RELIC_PROFILER_DISABLED is set: nothing is instrumented", run.Log, "the profiler log");
            });
            Suite.Test("the core file of a crash tells the last rewrites", () =>
            {
                OursOnly();
                string tool = Path.Combine(Path.GetDirectoryName(Suite.Profiler), "nrprof"), core = Path.Combine(Path.GetTempPath(), "nrprof-core-" + Environment.ProcessId);
                if (Suite.Profiler != "none" && !File.Exists(tool)) throw new Skipped("no nrprof beside the profiler");
                try
                {
                    Run run = Run.Start("crash", s =>
                    {
                        File.WriteAllText(s.Extension("spans.xml"), Rule);
                        s.Environment["DOTNET_DbgEnableMiniDump"] = "1";
                        s.Environment["DOTNET_DbgMiniDumpType"] = "4";
                        s.Environment["DOTNET_DbgMiniDumpName"] = core;
                    });
                    Check.Contains("on purpose", run.Output, "output");
                    if (!File.Exists(core)) throw Suite.Profiler == "none" ? new Failed("no profiler") : new Skipped("the runtime wrote no core file: " + run.Output);
                    var info = new ProcessStartInfo(tool) { RedirectStandardOutput = true, RedirectStandardError = true };
                    foreach (string word in new[] { "postmortem", core }) info.ArgumentList.Add(word);
                    using var process = Process.Start(info);
                    string text = process.StandardOutput.ReadToEnd() + process.StandardError.ReadToEnd();
                    process.WaitForExit();
                    Check.Contains("nrprof ", text, "the journal");
                    Check.Contains(" written: ", text, "the journal");
                    Check.Contains("[Clr.Target]Clr.Spans.Sum(System.Int32,System.Int32)", text, "the journal");
                    Check.Contains("/extensions/spans.xml:1, template tracer; ", text.Replace('\\', '/'), "the journal");
                }
                finally { File.Delete(core); }
            });
        }
    }
}
