using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Threading;

namespace Clr
{
    /// <summary>What the live instrumentation scenarios switch on and off.</summary>
    public static class Switched
    {
        [MethodImpl(MethodImplOptions.NoInlining)] public static int One(int x) => x + 1;
        [MethodImpl(MethodImplOptions.NoInlining)] public static int Two(int x) => x + 2;
        [MethodImpl(MethodImplOptions.NoInlining)] public static int Three(int x) => x + 3;
    }

    static class Live
    {
        static void Print(string what, int hr) => Console.WriteLine(what + " " + hr.ToString("x8"));
        static string Config => Path.Combine(Exports.Home, "newrelic.config");
        const string GoodConfig = "<configuration xmlns=\"urn:newrelic-config\"><log level=\"info\"/></configuration>";
        const string IgnoringConfig = "<configuration xmlns=\"urn:newrelic-config\"><log level=\"info\"/><instrumentation><rules><ignore assemblyName=\"Clr.Target\" className=\"Clr.Switched\"/></rules></instrumentation></configuration>";

        static string Rule(string method) => "<extension><instrumentation><tracerFactory><match assemblyName=\"Clr.Target\" className=\"Clr.Switched\"><exactMethodMatcher methodName=\"" + method + "\"/></match></tracerFactory></instrumentation></extension>";
        static void Call(int number) { Switched.One(number); Switched.Two(number); Switched.Three(number); }

        public static void Custom(bool bad)
        {
            Call(1);
            Print("apply, nothing added", Exports.ApplyCustomInstrumentation());
            Print("add One", Exports.AddCustomInstrumentation("a.xml", Rule("One")));
            Call(2);
            Print("apply", Exports.ApplyCustomInstrumentation());
            Call(3);
            Print("add Two", Exports.AddCustomInstrumentation("a.xml", Rule("Two")));
            Print("add Three by the same name", Exports.AddCustomInstrumentation("a.xml", Rule("Three")));
            Call(4);
            Print("apply", Exports.ApplyCustomInstrumentation());
            Call(5);
            Print("apply, nothing added", Exports.ApplyCustomInstrumentation());
            Call(6);
            Print("apply again", Exports.ApplyCustomInstrumentation());
            Print("add One and Two", Exports.AddCustomInstrumentation("a.xml", Rule("One")) | Exports.AddCustomInstrumentation("größe.xml", Rule("Two")));
            Print("apply", Exports.ApplyCustomInstrumentation());
            Call(7);
            Print("add broken XML", Exports.AddCustomInstrumentation("broken.xml", "<extension><instrumentation>"));
            Print("apply", Exports.ApplyCustomInstrumentation());
            Call(8);
            if (!bad) return;
            Print("add without a name", Exports.AddCustomInstrumentation(null, "x"));
            Print("add without a text", Exports.AddCustomInstrumentation("x", null));
            Print("add beyond the BMP", Exports.AddCustomInstrumentation("\U0001F600.xml", Rule("Three")));
            Print("apply", Exports.ApplyCustomInstrumentation());
            Call(9);
        }

        public static void Refresh()
        {
            string file = Exports.Extension("switched.xml");
            Call(1);
            Print("refresh, nothing new", Exports.InstrumentationRefresh());
            File.WriteAllText(file, Rule("One"));
            Call(2);
            Print("refresh", Exports.InstrumentationRefresh());
            Call(3);
            File.WriteAllText(file, "<extension><instrumentation>");
            Print("refresh, broken file", Exports.InstrumentationRefresh());
            Call(4);
            File.WriteAllText(file, Rule("Two"));
            Print("refresh", Exports.InstrumentationRefresh());
            Call(5);
            File.Delete(file);
            Print("refresh, file gone", Exports.InstrumentationRefresh());
            Call(6);
        }

        public static void Reload(bool bad)
        {
            File.WriteAllText(Exports.Extension("switched.xml"), Rule("One"));
            Print("refresh", Exports.InstrumentationRefresh());
            Call(1);
            Print("reload, nothing new", Exports.ReloadConfiguration());
            Call(2);
            if (bad)
                foreach (string text in new[] { "<other/>", "<configuration", "" })
                {
                    File.WriteAllText(Config, text);
                    Print("reload, config \"" + text + "\"", Exports.ReloadConfiguration());
                    Call(3);
                    Print("refresh", Exports.InstrumentationRefresh());
                }
            if (bad)
            {
                File.Delete(Config);
                Print("reload, no config", Exports.ReloadConfiguration());
                Call(3);
            }
            File.WriteAllText(Config, IgnoringConfig);
            Print("reload, ignored", Exports.ReloadConfiguration());
            Call(4);
            Print("refresh", Exports.InstrumentationRefresh()); // keeps the ignore list
            Call(5);
            File.WriteAllText(Config, GoodConfig);
            Print("reload, not ignored", Exports.ReloadConfiguration());
            Call(6);
        }

        /// <summary>One more refresh, after which the library says at DEBUG how much memory it holds.</summary>
        static bool Measure()
        {
            File.WriteAllText(Config, GoodConfig.Replace("info", "debug"));
            bool good = Exports.ReloadConfiguration() == 0;
            File.WriteAllText(Config, GoodConfig);
            return Exports.ReloadConfiguration() == 0 && good;
        }

        /// <summary>All methods of ManyMethods are compiled by all workers, spread over all refreshes; a rule comes and goes meanwhile.</summary>
        public static void Load(int workers, int refreshes)
        {
            int refreshed = 0, failures = 0, wrong = 0;
            long sum = 0, early = 0;
            var methods = ManyMethods.All;
            string file = Exports.Extension("switched.xml");
            var threads = Enumerable.Range(0, workers).Select(n => new Thread(() =>
            {
                long mine = 0;
                for (int i = 0; i < methods.Length; i++)
                {
                    while (Volatile.Read(ref refreshed) * (long)methods.Length < i * (long)refreshes) Thread.Sleep(0);
                    mine += methods[i](1);
                    if (methods[i / 2](0) != methods[i / 2](1) - 1) Interlocked.Increment(ref wrong); // one that was compiled long ago
                }
                Interlocked.Add(ref sum, mine);
            })).ToArray();
            foreach (var t in threads) t.Start();
            var clock = Stopwatch.StartNew();
            for (int i = 1; i <= refreshes; i++)
            {
                bool turn = i % 50 == 0, on = i / 50 % 2 == 1;
                if (turn && on) File.WriteAllText(file, Rule("One"));
                else if (turn) File.Delete(file);
                if (Exports.InstrumentationRefresh() != 0) failures++;
                if (turn) Switched.One(i);
                if (i == 10) failures += Measure() ? 0 : 1;
                if (i == 10) early = Environment.WorkingSet >> 10;
                Volatile.Write(ref refreshed, i);
            }
            long time = clock.ElapsedMilliseconds;
            foreach (var t in threads) t.Join();
            failures += Measure() ? 0 : 1;
            sum += 1000000 * methods.Sum(method => (long)method(2));
            Console.WriteLine("resident after 10 " + early);
            Console.WriteLine("resident at the end " + (Environment.WorkingSet >> 10));
            Console.WriteLine("milliseconds " + time);
            Console.WriteLine("failures " + failures);
            Console.WriteLine("wrong " + wrong);
            Console.WriteLine("sum " + sum);
        }

        /// <summary>Nothing is compiled between the refreshes.</summary>
        public static void Flat(int refreshes)
        {
            int failures = 0;
            long early = 0;
            File.WriteAllText(Exports.Extension("switched.xml"), Rule("One"));
            var clock = Stopwatch.StartNew();
            for (int i = 1; i <= refreshes; i++)
            {
                if (Exports.InstrumentationRefresh() != 0) failures++;
                if (i == 10) Switched.One(1);
                if (i == 10) early = Environment.WorkingSet >> 10; // which may load modules, whose tables the library keeps
                if (i == 10 || i == refreshes) failures += Measure() ? 0 : 1;
            }
            Console.WriteLine("milliseconds " + clock.ElapsedMilliseconds);
            Console.WriteLine("resident after 10 " + early);
            Console.WriteLine("resident at the end " + (Environment.WorkingSet >> 10));
            Console.WriteLine("failures " + failures);
            Switched.One(2);
        }
    }

    static class Order
    {
        static void Print(string what, int hr) => Console.WriteLine(what + " " + hr.ToString("x8"));

        // Every export once; out values that a failure must leave alone hold 77.
        static void All()
        {
            IntPtr pointer = (IntPtr)77;
            int length = 77;
            Print("refresh", Exports.InstrumentationRefresh());
            Print("reload", Exports.ReloadConfiguration());
            Print("add", Exports.AddCustomInstrumentation("a.xml", "<extension/>"));
            Print("apply", Exports.ApplyCustomInstrumentation());
            Print("profile", Exports.RequestProfileKeeping(ref pointer, ref length));
            Exports.ReleaseProfile();
            Print("names", Exports.RequestFunctionNamesKeeping(new[] { (UIntPtr)1u }, 1, ref pointer));
            Exports.ShutdownThreadProfiler();
            Console.WriteLine("left alone " + (pointer == (IntPtr)77 && length == 77));
            Console.WriteLine("thread " + (Exports.GetCurrentExecutionEngineThreadId() == UIntPtr.Zero ? "none" : "known"));
        }

        public static void NotInitialised() => All();
        public static void ByName() => All();

        public static void Bad()
        {
            IntPtr pointer = (IntPtr)77, other = (IntPtr)77;
            int length = 77;
            var id = new[] { (UIntPtr)1u };
            unsafe
            {
                void* p;
                int n;
                Print("profile nowhere", Exports.RequestProfileAt(IntPtr.Zero, IntPtr.Zero));
                Print("profile without length", Exports.RequestProfileAt((IntPtr)(&p), IntPtr.Zero));
                Print("profile without pointer", Exports.RequestProfileAt(IntPtr.Zero, (IntPtr)(&n)));
            }
            Exports.ReleaseProfile();
            Exports.ReleaseProfile();
            Exports.ShutdownThreadProfiler();
            Exports.ShutdownThreadProfiler();
            Print("names of nothing", Exports.RequestFunctionNamesKeeping(null, 1, ref other));
            Print("no names", Exports.RequestFunctionNamesKeeping(id, 0, ref other));
            Print("fewer than no names", Exports.RequestFunctionNamesKeeping(id, -1, ref other));
            Print("least names", Exports.RequestFunctionNamesKeeping(id, int.MinValue, ref other));
            Print("names nowhere", Exports.RequestFunctionNamesAt(id, 1, IntPtr.Zero));
            Console.WriteLine("left alone " + (other == (IntPtr)77));
            Console.WriteLine("name before a profile " + Exports.Names(id)[0]);
            Print("profile", Exports.RequestProfileKeeping(ref pointer, ref length));
            Console.WriteLine("records " + (length > 0 && length != 77));
            other = (IntPtr)77;
            int second = 77;
            Print("profile, not released", Exports.RequestProfileKeeping(ref other, ref second));
            Console.WriteLine("left alone " + (other == (IntPtr)77 && second == 77));
            Console.WriteLine("records kept " + (Exports.Read(pointer, length).Length == length));
            Exports.ReleaseProfile();
            Print("profile, released", Exports.RequestProfileKeeping(ref pointer, ref length));
            Exports.ShutdownThreadProfiler();
            Print("profile, shut down", Exports.RequestProfileKeeping(ref pointer, ref length));
            Exports.ShutdownThreadProfiler();
            Exports.ReleaseProfile();
        }
    }
}
