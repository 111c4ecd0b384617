using System;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;

namespace Clr
{
    /// <summary>Whatever is missing or broken: the application runs as if there were no profiler, and the log says what is wrong.</summary>
    static class BadInput
    {
        // Activation is cancelled: nothing instrumented, these lines logged.
        static void Refused(string name, Action<Setup> change, params string[] logged) => Suite.Test(name, () =>
        {
            if (Suite.Reference && name.Contains(".lua")) throw new Skipped("the C++ profiler has no Lua rules");
            Run run = Run.Start("one", change).Alive();
            Check.Equal("5\ndone\n", run.Output, "output");
            Check.Equal(0, run.Calls.Count, "starts");
            foreach (string line in logged) Check.Contains(line, run.Log, "the profiler log");
            Check.That(!run.Log.Contains("Profiler initialized"), "the profiler attached all the same");
        });

        // One file is bad: a warning, and the rules of the others are in force.
        static void Tolerated(string name, Action<Setup> change, Func<string, bool> warning, string wanted) => Suite.Test(name, () =>
        {
            if (Suite.Reference && name.Contains(".lua")) throw new Skipped("the C++ profiler has no Lua rules");
            Run run = Run.Start("one", change).Alive();
            Check.Equal(1, run.Calls.Count, "starts");
            var warnings = run.Log.Split('\n').Where(l => l.StartsWith("[Warn ]") || l.StartsWith("[Error]")).ToList();
            Check.That(warnings.Any(warning), "no warning " + wanted + " but: " + string.Join("; ", warnings));
            if (name.Contains(".lua")) Check.Equal(1, warnings.Count, "warnings");
        });

        public static void Register()
        {
            const string noDll = "Unable to find CORECLR_NEW_RELIC_HOME or NEW_RELIC_INSTALL_PATH environment variables.  Aborting instrumentation.";
            Refused("no home directory in the environment", s => s.Environment["CORECLR_NEW_RELIC_HOME"] = null, "Unable to find New Relic Home directory");
            Refused("a home directory that does not exist", s => s.Environment["CORECLR_NEW_RELIC_HOME"] = s.Home + "-not", "The global newrelic.config file was not found at: ");
            Refused("no agent DLL", s => File.Delete(s.Agent), noDll, "The New Relic Agent DLL is missing.");
            Refused("no newrelic.config", s => File.Delete(s.Config), "The global newrelic.config file was not found at: ");
            Refused("malformed newrelic.config", s => File.WriteAllText(s.Config, "<configuration><log level='info'"), "Exception thrown while attempting to parse main newrelic.config file: ");
            Refused("newrelic.config with another root", s => File.WriteAllText(s.Config, "<other/>"), "Unable to locate configuration node in the global newrelic.config file.");

            Tolerated("malformed XML rule file", s => File.WriteAllText(s.Extension("broken.xml"), "<extension><instrumentation><tracerFactory>"),
                l => l.Contains("Exception thrown while attempting to parse instrumentation file '") && l.Contains("broken.xml'. Please validate"), "that names broken.xml");
            Tolerated("XML rule file with another root", s => File.WriteAllText(s.Extension("other.xml"), "<other/>"), l => l.Contains("extension node not found in instrumentation file"), "that the node is missing");
            Tolerated("syntax error in a .lua rule file", s => File.WriteAllText(s.Extension("broken.lua"), "-- fine\ntracer { name = \"x\"\n  match { assembly =\n"),
                l => Regex.IsMatch(l, @"broken\.lua:\d+"), "with broken.lua:line");
            Tolerated("unknown field in a .lua rule file", s => File.WriteAllText(s.Extension("typo.lua"), "tracer { name = \"x\" }\n  match { asembly = \"A\", class = \"B\", \"C\" }\n"),
                l => Regex.IsMatch(l, @"typo\.lua:2.*assembly"), "with typo.lua:2 and the right spelling");

            Tolerated("a .lua rule file that any user may write to", s =>
            {
                if (Suite.Windows || OperatingSystem.IsWindows()) throw new Skipped("Windows has no such mode");
                File.WriteAllText(s.Extension("loose.lua"), "ignore { assembly = \"Clr.Target\" }\n");
                File.SetUnixFileMode(s.Extension("loose.lua"), (UnixFileMode)Convert.ToInt32("666", 8));
            }, l => l.Contains("loose.lua") && l.Contains("(mode 0666)"), "that names loose.lua and its mode");
            Tolerated("a broken .lua template in the home directory", s =>
            {
                string templates = Path.Combine(s.Home, "instrumentation", "templates");
                Directory.CreateDirectory(templates);
                File.WriteAllText(Path.Combine(templates, "tracer.lua"), "template { name = \"tracer\", body = function(m)\n  ldstr(m.secret)\nend }\n");
            }, l => Regex.IsMatch(l, @"templates[/\\]tracer\.lua:2: a template cannot see 'm\.secret'"), "with tracer.lua:2 and the reason");
            Refused("a process denied by a .lua rule file", s => File.WriteAllText(s.Extension("deny.lua"), "process { deny = { \"DotNet\", \"clr.target\", \"Clr.Target.exe\" } }\n"),
                "deny.lua:1.", "This process should not be instrumented, unloading profiler.");

            Suite.Test("no extensions directory", () =>
            {
                Run run = Run.Start("one", s => Directory.Delete(Path.GetDirectoryName(s.Extension("x")), true)).Alive();
                Check.Equal(0, run.Calls.Count, "starts");
                Check.Contains("Unable to find the New Relic Agent extensions directory (", run.Log, "the profiler log");
                Check.Contains("Profiler initialized", run.Log, "the profiler log");
            });
            Suite.Test("an agent DLL without the method that injected code calls", () =>
            {
                if (Suite.Windows) throw new Skipped("the profiler looks at the agent's product there and refuses another");
                Run run = Run.Start("one", s => File.Copy(Suite.PluginDll, s.Agent, true)).Alive();
                Check.Equal("5\ndone\n", run.Output, "output");
                Check.Contains("Instrumenting method: ", run.Log, "the profiler log");
            });
        }
    }
}
