using System;
using System.Diagnostics;
using System.Linq;
using System.Net.Http;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace Bench
{
    /// <summary>hello; web [ordered] (starts, answers one request, stops); serve PORT (until its input ends); call THREADS MILLISECONDS [allocating].</summary>
    public static class Program
    {
        [MethodImpl(MethodImplOptions.NoInlining)] public static int Add(int a, int b) => a + b;

        /// <summary>What a direct call allocates, and no profiler: an array of two boxed numbers.</summary>
        [MethodImpl(MethodImplOptions.NoInlining)] public static object[] Box(int a, int b) => new object[] { a, b };

        /// <summary>In order: what it sets going in the thread pool waits until it has done its part, when the pool has one thread only
        /// (DOTNET_ThreadPool_ForceMaxWorkerThreads). Which methods are compiled then does not depend on which thread was faster.</summary>
        static void Do(bool ordered, Func<Task> work) => (ordered ? Task.Run(work) : work()).Wait();

        static WebApplication Web(string url)
        {
            WebApplicationBuilder builder = WebApplication.CreateBuilder();
            builder.Logging.ClearProviders();
            WebApplication app = builder.Build();
            app.Urls.Add(url);
            app.MapGet("/", () => "hello " + Add(1, 2));
            return app;
        }

        /// <summary>Nanoseconds of CPU per call, calls of all threads together per second, and bytes per call.</summary>
        static void Call(int threads, int milliseconds, bool allocating)
        {
            for (int i = 0; i < 20000; i++) // the JIT is done with them
            {
                Add(i, 1);
                Box(i, 1);
            }
            Thread.Sleep(300);
            long[] calls = new long[threads * 16], bytes = new long[threads * 16];
            bool stop = false;
            using var start = new Barrier(threads + 1);
            Thread[] list = Enumerable.Range(0, threads).Select(n => new Thread(() =>
            {
                start.SignalAndWait();
                long before = GC.GetAllocatedBytesForCurrentThread(), done = 0;
                while (!Volatile.Read(ref stop))
                {
                    if (allocating)
                    {
                        for (int i = 0; i < 1000; i++) Box(i, 1);
                    }
                    else
                    {
                        for (int i = 0; i < 1000; i++) Add(i, 1);
                    }
                    done += 1000;
                }
                calls[n * 16] = done;
                bytes[n * 16] = GC.GetAllocatedBytesForCurrentThread() - before;
            })).ToArray();
            foreach (Thread t in list) t.Start();
            start.SignalAndWait();
            TimeSpan used = Process.GetCurrentProcess().TotalProcessorTime;
            Stopwatch watch = Stopwatch.StartNew();
            Thread.Sleep(milliseconds);
            Volatile.Write(ref stop, true);
            foreach (Thread t in list) t.Join();
            double seconds = watch.Elapsed.TotalSeconds, all = calls.Sum(), cpu = (Process.GetCurrentProcess().TotalProcessorTime - used).TotalSeconds;
            Console.WriteLine(FormattableString.Invariant($"{cpu * 1e9 / all:f1} {all / seconds:f0} {bytes.Sum() / all:f1}"));
        }

        static int Main(string[] args)
        {
            switch (args[0])
            {
                case "hello": Console.WriteLine("hello " + Add(1, 2)); return 0;
                case "call": Call(int.Parse(args[1]), int.Parse(args[2]), args.Length > 3); return 0;
                case "web":
                {
                    bool ordered = args.Length > 1;
                    using WebApplication app = Web("http://127.0.0.1:0");
                    Do(ordered, () => app.StartAsync());
                    // By default it looks after its idle connections every 15 seconds, and a start lasts that long under an emulator only.
                    using var client = new HttpClient(new SocketsHttpHandler { PooledConnectionIdleTimeout = TimeSpan.FromHours(1) });
                    Task<string> answer = null;
                    Do(ordered, () => answer = client.GetStringAsync(app.Urls.First()));
                    Console.WriteLine(answer.Result);
                    Do(ordered, () => app.StopAsync());
                    return 0;
                }
                case "serve":
                {
                    using WebApplication app = Web("http://127.0.0.1:" + args[1]);
                    app.StartAsync().Wait();
                    Console.WriteLine("ready");
                    Console.In.ReadToEnd();
                    app.StopAsync().Wait();
                    return 0;
                }
                default: return 2;
            }
        }
    }
}
