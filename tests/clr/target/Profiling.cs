using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Threading;

namespace Clr
{
    /// <summary>Threads that stand still in known methods. Each adds to its callee's result, so that no call is a tail call.</summary>
    static class Stacks
    {
        sealed class Parked { public Thread Thread; public ulong Id; public readonly ManualResetEvent Go = new ManualResetEvent(false); public readonly ManualResetEvent Here = new ManualResetEvent(false); }

        [MethodImpl(MethodImplOptions.NoInlining)] static int First(object p) => Second(p) + 1;
        [MethodImpl(MethodImplOptions.NoInlining)] static int Second(object p) => new Nested().Third(p) + 1;
        class Nested { [MethodImpl(MethodImplOptions.NoInlining)] public int Third(object p) => Generic<string>.Fourth<int>(p) + 1; }
        class Generic<T> { [MethodImpl(MethodImplOptions.NoInlining)] public static int Fourth<U>(object p) => Park(p) + 1; }
        [MethodImpl(MethodImplOptions.NoInlining)] static int Deep(int frames, object p) => frames == 1 ? Park(p) + 1 : Deep(frames - 1, p) + 1;

        [MethodImpl(MethodImplOptions.NoInlining)]
        static int Park(object p)
        {
            var parked = (Parked)p;
            parked.Id = (ulong)Exports.GetCurrentExecutionEngineThreadId();
            parked.Here.Set();
            parked.Go.WaitOne();
            return 0;
        }

        static Parked Start(Func<object, int> body)
        {
            var parked = new Parked();
            parked.Thread = new Thread(() => body(parked), 8 << 20);
            parked.Thread.Start();
            parked.Here.WaitOne();
            // Frames are counted: none may come or go any more.
            while ((parked.Thread.ThreadState & System.Threading.ThreadState.WaitSleepJoin) == 0) Thread.Sleep(1);
            Thread.Sleep(50);
            return parked;
        }

        static void Print(string what, object value) => Console.WriteLine(what + " " + value);
        static Exports.Record Of(IEnumerable<Exports.Record> records, ulong id) => records.Single(r => r.Thread == id);
        static Parked StartDeep(int frames) => Start(p => Deep(frames, p));

        public static void Known()
        {
            ulong self = (ulong)Exports.GetCurrentExecutionEngineThreadId();
            Parked chain = Start(First), shallow = StartDeep(10);
            var sample = Exports.Sample();
            Print("threads", sample.Select(r => r.Thread).Distinct().Count() == sample.Length ? "differ" : "repeat");
            Print("requester", Of(sample, self).Error + " " + (Of(sample, self).Count > 0));

            var record = Of(sample, chain.Id);
            string[] names = Exports.Names(record.Functions);
            string[] first = names.SkipWhile(n => n != "Clr.Stacks.Park").TakeWhile(n => !n.StartsWith("System.")).ToArray();
            Print("chain", record.Error + " " + string.Join(" ", first.Take(5)));
            Print("unknown", string.Join(" ", Exports.Names(UIntPtr.Zero, (UIntPtr)12345u, record.Functions[Array.IndexOf(names, "Clr.Stacks.Second")], UIntPtr.Zero)));

            // How many frames there are besides Deep's own, native ones included.
            int others = Of(sample, shallow.Id).Count - 10;
            foreach (int total in new[] { 1305, 1336, 1337, 1338, 1505, 2 * 1337, 2 * 1337 + 1 })
            {
                Parked deep = StartDeep(total - others);
                var r = Of(Exports.Sample(), deep.Id);
                names = Exports.Names(r.Functions.Where(f => f != UIntPtr.Zero).ToArray());
                Print("frames " + total + " code " + r.Error, "count " + r.Count + " " + (r.Count <= others ? "" : names.Count(n => n == "Clr.Stacks.Deep") > 0 ? "deep" : "not deep"));
                deep.Go.Set();
                deep.Thread.Join();
            }
            chain.Go.Set();
            shallow.Go.Set();
            chain.Thread.Join();
            shallow.Thread.Join();
            Print("ended threads seen", Exports.Sample().Count(r => r.Thread == chain.Id || r.Thread == shallow.Id));
            Exports.ShutdownThreadProfiler();
            Print("after shutdown", Exports.Names(record.Functions.Last(f => f != UIntPtr.Zero))[0]);
        }

        /// <summary>Samples while threads come, go and compile.</summary>
        public static void Busy(int samples)
        {
            bool end = false;
            int made = 0, compiled = 0;
            long slowest = 0, total = 0;
            var starters = Enumerable.Range(0, 3).Select(n => new Thread(() =>
            {
                while (!Volatile.Read(ref end))
                {
                    var t = new Thread(() => First(Gone()));
                    t.Start();
                    t.Join();
                    Interlocked.Increment(ref made);
                }
            })).ToList();
            starters.Add(new Thread(() =>
            {
                while (!Volatile.Read(ref end)) Made(Interlocked.Increment(ref compiled));
            }));
            foreach (var t in starters) t.Start();
            var names = new HashSet<string>();
            for (int i = 0; i < samples; i++)
            {
                var clock = Stopwatch.StartNew();
                var sample = Exports.Sample();
                total += clock.ElapsedTicks;
                slowest = Math.Max(slowest, clock.ElapsedTicks);
                foreach (string name in Exports.Names(sample.SelectMany(r => r.Functions).Append(UIntPtr.Zero).ToArray())) names.Add(name);
                if (i % 50 == 49) Exports.ShutdownThreadProfiler();
                Thread.Sleep(1);
            }
            Volatile.Write(ref end, true);
            foreach (var t in starters) t.Join();
            Print("samples", samples);
            Print("saw this method", names.Contains("Clr.Stacks.Busy"));
            Print("threads made", made > 10 ? "many" : made.ToString());
            Console.WriteLine($"measured: mean {total * 1e6 / Stopwatch.Frequency / samples:f0} us, slowest {slowest * 1e6 / Stopwatch.Frequency:f0} us, {made} threads made, {compiled} methods compiled");
        }

        static Parked Gone()
        {
            var parked = new Parked();
            parked.Go.Set();
            return parked;
        }

        static void Made(int number)
        {
            var method = new System.Reflection.Emit.DynamicMethod("made" + number, typeof(int), new[] { typeof(int) });
            var il = method.GetILGenerator();
            il.Emit(System.Reflection.Emit.OpCodes.Ldarg_0);
            il.Emit(System.Reflection.Emit.OpCodes.Ret);
            ((Func<int, int>)method.CreateDelegate(typeof(Func<int, int>)))(number);
        }

        /// <summary>Several callers at once; each call has one of the documented results.</summary>
        public static void Callers(int count, int times)
        {
            int served = 0, refused = 0, aborted = 0, other = 0;
            var threads = Enumerable.Range(0, count).Select(n => new Thread(() =>
            {
                for (int i = 0; i < times; i++)
                {
                    switch (Exports.RequestProfile(out IntPtr _, out int _))
                    {
                        case 0: Interlocked.Increment(ref served); Exports.ReleaseProfile(); break;
                        case unchecked((int)0x80004005): Interlocked.Increment(ref refused); break;
                        case unchecked((int)0x80004004): Interlocked.Increment(ref aborted); break;
                        default: Interlocked.Increment(ref other); break;
                    }
                    if (n > 0) continue;
                    Exports.Names((UIntPtr)1u); // valid until the next such call: not for several threads
                    if (i % 20 == 19) Exports.ShutdownThreadProfiler();
                }
            })).ToArray();
            foreach (var t in threads) t.Start();
            foreach (var t in threads) t.Join();
            Print("calls", served + refused + aborted);
            Print("served", served > 0);
            Print("other results", other);
        }
    }
}
