using System;
using System.Collections.Generic;
using System.Linq;

namespace Clr
{
    sealed class Failed : Exception { public Failed(string message) : base(message) { } }
    sealed class Skipped : Exception { public Skipped(string message) : base(message) { } }

    static class Check
    {
        public static void That(bool condition, string otherwise) { if (!condition) throw new Failed(otherwise); }

        public static void Equal<T>(T expected, T actual, string what)
        {
            if (!Equals(expected, actual)) throw new Failed(what + ": expected " + expected + ", got " + actual);
        }

        public static void Contains(string part, string text, string where)
        {
            if (!text.Contains(part)) throw new Failed(where + " does not contain \"" + part + "\" but: " + text.Trim());
        }
    }

    static class Suite
    {
        public static string Profiler, Target, PluginDll, AgentDll, Rules;
        /// <summary>A program that starts the target under an emulator; null: it runs here.</summary>
        public static string Launcher;
        public static bool Reference;
        public static bool Windows => Target.EndsWith(".exe");
        /// <summary>Variables that every target gets: switches under test.</summary>
        public static readonly Dictionary<string, string> Environment = new Dictionary<string, string>();
        static readonly List<(string Name, Action Body)> s_tests = new List<(string, Action)>();

        public static void Test(string name, Action body) => s_tests.Add((name, body));

        // host PROFILER|none TARGET PLUGIN_DLL AGENT_DLL RULES_DIRECTORY [--reference] [--only TEXT] [--launcher PROGRAM]
        //     [--skip TEXT]... [--env NAME=VALUE]... [--minutes N: no test is begun after that time] [--precompiled: TARGET was compiled ahead of time]
        // TARGET is an assembly for the installed runtime, or a program that brings its own. With --launcher it is one of another platform. Memory, load and P/Invoke are tested natively only.
        static int Main(string[] args)
        {
            (Profiler, Target, PluginDll, AgentDll, Rules) = (args[0], args[1], args[2], args[3], args[4]);
            Reference = args.Contains("--reference");
            int only = Array.IndexOf(args, "--only"), launcher = Array.IndexOf(args, "--launcher");
            if (launcher >= 0) Launcher = args[launcher + 1];

            for (int i = 0; i + 1 < args.Length; i++)
                if (args[i] == "--env") Environment.Add(args[i + 1].Split('=')[0], args[i + 1].Split('=', 2)[1]);

            Attaching.Register();
            Instrumenting.Register();
            ApiShim.Register();
            if (Launcher == null)
            {
                Loading.Register();
                Exporting.Register();
                Direct.Register();
            }
            LuaRules.Register();
            BadInput.Register();
            Safety.Register();
            Switches.Register();
            if (args.Contains("--precompiled")) FastStart.Register();

            int passed = 0, failed = 0, skipped = 0;
            static string Short(string text) => text.Length < 2000 ? text : text.Substring(0, 2000) + " …";
            var skip = args.Where((_, i) => i > 0 && args[i - 1] == "--skip").ToList();
            var chosen = s_tests.Where(t => (only < 0 || t.Name.Contains(args[only + 1])) && !skip.Any(t.Name.Contains)).ToList();
            int minutes = Array.IndexOf(args, "--minutes");
            var end = minutes < 0 ? DateTime.MaxValue : DateTime.UtcNow.AddMinutes(double.Parse(args[minutes + 1]));
            foreach (var (name, body) in chosen)
            {
                if (DateTime.UtcNow > end)
                {
                    Console.WriteLine("part: " + (passed + failed + skipped) + " of " + chosen.Count + " tests");
                    break;
                }
                try { body(); Console.WriteLine("PASS " + name); passed++; }
                catch (Skipped e) { Console.WriteLine("SKIP " + name + ": " + e.Message); skipped++; }
                catch (Failed e) { Console.WriteLine("FAIL " + name + ": " + Short(e.Message)); failed++; }
                catch (Exception e) { Console.WriteLine("FAIL " + name + ": " + e); failed++; }
            }
            Console.WriteLine(passed + " passed, " + failed + " failed, " + skipped + " skipped");
            return failed == 0 && passed > 0 ? 0 : 1;
        }
    }
}
