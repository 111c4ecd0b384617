using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Threading;

namespace NewRelic.Agent.Core
{
    /// <summary>What a busy agent asks of the profiler, on a thread of its own: a refresh each second, every five a sample of all threads with the
    /// names of their methods. Once a second a line of counters goes to standard output; "soak bad" says what went wrong.</summary>
    static class Unrest
    {
        const string Library = "NewRelicProfiler";
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] static extern int InstrumentationRefresh();
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] static extern int ReloadConfiguration();
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] static extern int RequestProfile([Out] out IntPtr snapshots, [Out] out int length);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] static extern void ReleaseProfile();
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] static extern int RequestFunctionNames(UIntPtr[] functionIds, int length, [Out] out IntPtr results);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] static extern void ShutdownThreadProfiler();

        static readonly string[] s_without = (Environment.GetEnvironmentVariable("SOAK_WITHOUT") ?? "").Split(',');
        const int ProfileEvery = 5, ReloadEvery = 7;
        static long s_refreshes, s_profiles, s_names, s_bad;

        public static void Begin()
        {
            string path = Environment.GetEnvironmentVariable("CORECLR_PROFILER_PATH");
            NativeLibrary.SetDllImportResolver(Assembly.GetExecutingAssembly(),
                (name, assembly, search) => name == Library ? NativeLibrary.Load(path) : IntPtr.Zero);
            new Thread(Run) { IsBackground = true, Name = "soak" }.Start();
        }

        static void Run()
        {
            var watch = Stopwatch.StartNew();
            for (int second = 1; ; second++)
            {
                long rest = second * 1000L - watch.ElapsedMilliseconds;
                if (rest > 0) Thread.Sleep((int)rest);
                else second = (int)(watch.ElapsedMilliseconds / 1000); // behind: none is made up for
                if (Does("refresh"))
                {
                    Expect("InstrumentationRefresh", InstrumentationRefresh());
                    s_refreshes++;
                    if (second % ReloadEvery == 0) Expect("ReloadConfiguration", ReloadConfiguration());
                }
                if (second % ProfileEvery == 0 && Does("profiles")) Profile();
                Console.WriteLine("soak " + second + " " + s_refreshes + " " + s_profiles + " " + s_names + " " + AgentShim.Starts
                    + " " + AgentShim.Finishes + " " + s_bad + " " + GC.GetGCMemoryInfo().TotalCommittedBytes);
            }
        }

        /// <summary>A control run goes without some of it.</summary>
        static bool Does(string what) => Array.IndexOf(s_without, what) < 0;

        static void Expect(string what, int hr)
        {
            if (hr == 0) return;
            s_bad++;
            Console.WriteLine("soak bad " + what + " returned 0x" + hr.ToString("x8"));
        }

        /// <summary>Records are: thread, error, count, pointer to the function ids (none after an error).</summary>
        static unsafe void Profile()
        {
            int hr = RequestProfile(out IntPtr snapshots, out int length);
            Expect("RequestProfile", hr);
            if (hr != 0) return;
            var functions = new HashSet<UIntPtr>();
            byte* at = (byte*)snapshots;
            for (int i = 0; i < length; i++, at += 2 * sizeof(UIntPtr) + 8)
            {
                int count = *(int*)(at + sizeof(UIntPtr) + 4);
                UIntPtr* ids = *(UIntPtr**)(at + sizeof(UIntPtr) + 8);
                for (int k = 0; ids != null && k < count; k++) functions.Add(ids[k]);
            }
            ReleaseProfile();
            if (length == 0 || functions.Count == 0) Expect("RequestProfile, which saw no thread,", 1);
            var list = new UIntPtr[functions.Count];
            functions.CopyTo(list);
            Expect("RequestFunctionNames", RequestFunctionNames(list, list.Length, out IntPtr names));
            s_names += list.Length;
            s_profiles++;
            ShutdownThreadProfiler();
        }
    }
}
