using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;

namespace Clr
{
    /// <summary>How the target is started: a home directory of its own, and environment variables. Tests change what they are about.</summary>
    sealed class Setup
    {
        public readonly string Home = Directory.CreateTempSubdirectory("nrprof-clr-").FullName;
        public string Clsid = "{36032161-FFC0-4B61-B559-F6C5D41BAE5A}";
        public readonly Dictionary<string, string> Environment = new Dictionary<string, string>();

        public string Extension(string name) => Path.Combine(Home, "extensions", name);
        public string Agent => Path.Combine(Home, "NewRelic.Agent.Core.dll");
        public string Config => Path.Combine(Home, "newrelic.config");

        public Setup()
        {
            Directory.CreateDirectory(Path.Combine(Home, "extensions"));
            File.Copy(Suite.AgentDll, Agent);
            File.WriteAllText(Config, "<?xml version=\"1.0\"?>\n<configuration xmlns=\"urn:newrelic-config\"><log level=\"info\"/></configuration>\n");
            File.Copy(Path.Combine(Suite.Rules, "target.xml"), Extension("target.xml"));
            // Where the agent's P/Invoke looks for it: the same file, so the same instance.
            if (File.Exists(Suite.Profiler)) File.CreateSymbolicLink(Path.Combine(Home, "libNewRelicProfiler.so"), Suite.Profiler);
            Environment["CORECLR_NEW_RELIC_HOME"] = Home;
            foreach (var (name, value) in Suite.Environment) Environment[name] = value;
        }
    }

    /// <summary>One call of an instrumented method, as the stand-in agent saw it. Finish is null when none was reported.</summary>
    sealed class Call
    {
        public string Method, Arguments, Point, Type, Function, Finish;
    }

    /// <summary>One run of the target: what it printed, what the stand-in agent was told, what the profiler logged.</summary>
    sealed class Run
    {
        public int ExitCode;
        public string Output = "", Log = "";
        public readonly List<Call> Calls = new List<Call>();
        public readonly List<string> Api = new List<string>();

        public IEnumerable<Call> Of(string method) => Calls.Where(c => c.Method == method);

        const int TimeoutSeconds = 600;
        static readonly Regex s_start = new Regex(@"^start (#\d+) (\[.*\)) (this=.* args=.*) (flags=0x[0-9a-f]{8} factory="".*"" metric="".*"") type=(.*) function=(\w+)$");
        static readonly Regex s_finish = new Regex(@"^finish (#\d+) (\[.*\)) ((?:result|exception)=.*)$");

        /// <summary>A path as the target's platform has it: wine shows the root directory as Z:.</summary>
        static string There(string path) => Suite.Windows && path.StartsWith("/") ? "Z:" + path.Replace('/', '\\') : path;

        static string Lines(string text) => Suite.Windows ? text.Replace("\r\n", "\n") : text;

        /// <summary>`meanwhile` is called with the running target.</summary>
        public static Run Start(string scenario, Action<Setup> change = null, Action<Process, Setup> meanwhile = null)
        {
            var setup = new Setup();
            change?.Invoke(setup);
            var run = new Run();
            string record = Path.Combine(setup.Home, "standin.txt"), logs = Path.Combine(setup.Home, "logs");
            string dotnet = Suite.Target.EndsWith(".dll") ? "dotnet" : null;
            var info = new ProcessStartInfo(Suite.Launcher ?? dotnet ?? Suite.Target) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Path.GetTempPath() };
            if ((Suite.Launcher ?? dotnet) != null) info.ArgumentList.Add(Suite.Target);
            foreach (string word in scenario.Split(' ')) info.ArgumentList.Add(word);
            foreach (string name in info.Environment.Keys.Where(k => Regex.IsMatch(k, "^(CORECLR_|COR_|NEW_RELIC|NEWRELIC)")).ToArray()) info.Environment.Remove(name);
            if (Suite.Profiler != "none")
            {
                info.Environment["CORECLR_ENABLE_PROFILING"] = "1";
                info.Environment["CORECLR_PROFILER"] = setup.Clsid;
                info.Environment["CORECLR_PROFILER_PATH"] = There(Suite.Profiler);
            }
            info.Environment["NEW_RELIC_PROFILER_LOG_DIRECTORY"] = There(logs);
            info.Environment["NRPROF_STANDIN_OUT"] = There(record);
            foreach (var (name, value) in setup.Environment)
                if (value == null) info.Environment.Remove(name); else info.Environment[name] = There(value);

            using (var process = Process.Start(info))
            {
                var output = process.StandardOutput.ReadToEndAsync();
                var error = process.StandardError.ReadToEndAsync();
                try { meanwhile?.Invoke(process, setup); }
                catch
                {
                    process.Kill(true);
                    throw;
                }
                if (!process.WaitForExit(TimeoutSeconds * 1000))
                {
                    process.Kill(true);
                    throw new Failed("the target still ran after " + TimeoutSeconds + " s");
                }
                run.Output = Lines(output.Result + error.Result);
                run.ExitCode = process.ExitCode;
            }
            if (File.Exists(record)) run.Parse(File.ReadAllLines(record));
            if (Directory.Exists(logs)) run.Log = Lines(string.Concat(Directory.GetFiles(logs).Select(File.ReadAllText)));
            Directory.Delete(setup.Home, true);
            return run;
        }

        void Parse(string[] lines)
        {
            var open = new Dictionary<string, Call>();
            foreach (string line in lines)
            {
                Match m;
                if (line.StartsWith("api ")) Api.Add(line);
                else if ((m = s_start.Match(line)).Success)
                {
                    var call = new Call { Method = m.Groups[2].Value, Arguments = m.Groups[3].Value, Point = m.Groups[4].Value, Type = m.Groups[5].Value, Function = m.Groups[6].Value };
                    Calls.Add(call);
                    open.Add(m.Groups[1].Value, call);
                }
                else if ((m = s_finish.Match(line)).Success)
                {
                    if (!open.Remove(m.Groups[1].Value, out Call call)) throw new Failed("a finish without a start: " + line);
                    if (call.Method != m.Groups[2].Value) throw new Failed("a finish of another method: " + line);
                    call.Finish = m.Groups[3].Value;
                }
                else throw new Failed("the stand-in agent wrote a line that is not understood: " + line);
            }
        }

        /// <summary>The application ended well. Said before anything else is looked at.</summary>
        public Run Alive()
        {
            Check.That(ExitCode == 0 && Output.EndsWith("done\n"), "the target ended with " + ExitCode + ": " + Output.Trim());
            return this;
        }
    }
}
