using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using System.Threading;
using System.Threading.Tasks;
using NewRelicApi = NewRelic.Api.Agent.NewRelic;

namespace Clr
{
    static class Scenarios
    {
        static async Task<int> Sum(IAsyncEnumerable<int> numbers)
        {
            int sum = 0;
            await foreach (int n in numbers) sum += n;
            return sum;
        }

        static void Print(string what, object value) => Console.WriteLine(what + " " + (value ?? "null"));
        static void Caught<E>(string what, Action action) where E : Exception
        {
            try { action(); Print(what, "nothing thrown"); }
            catch (E e) { Print(what, e.GetType().Name + " " + e.Message.Split('\n')[0]); }
        }

        public static unsafe void Shapes()
        {
            var shapes = new Shapes();
            Print("Add", Clr.Shapes.Add(2, 3));
            Print("Greet", shapes.Greet("w\"o\"rld"));
            Clr.Shapes.Nothing();
            shapes.Touch(null);
            Print("Null", Clr.Shapes.Null("x"));
            Print("Long", Clr.Shapes.Long(1L << 40));
            Print("Bool", Clr.Shapes.Bool(false));
            Print("Double", Clr.Shapes.Double(3));
            Print("Char", Clr.Shapes.Char('a'));
            Print("Enum", Clr.Shapes.Enum(Colour.Red));
            Print("Struct", Clr.Shapes.Struct(Guid.Empty));
            Print("Nullable", Clr.Shapes.Nullable(7));
            Print("Nullable", Clr.Shapes.Nullable(null));
            Print("Array", Clr.Shapes.Array(new[] { 1, 2 }, new string[1, 2]).Length);
            Print("Generic", Clr.Shapes.Generic(null));
            int number = 5;
            Print("Pointer", Clr.Shapes.Pointer(&number));
            Print("Modified", Clr.Shapes.Modified(number));
            Print("Echo", Clr.Shapes.Echo("s"));
            Print("Echo", Clr.Shapes.Echo(6));
            Print("Echo", Clr.Shapes.Echo("t"));
            Print("LaterAsync", Clr.Shapes.LaterAsync(8).Result);
            Print("Numbers", string.Join(",", Clr.Shapes.Numbers(3)));
            Print("Over", Clr.Shapes.Over() + Clr.Shapes.Over(2) + Clr.Shapes.Over("abc"));
            Print("Background", Clr.Shapes.Background());
            Print("Web", Clr.Shapes.Web());
            Print("NotWeb", Clr.Shapes.NotWeb());
            Print("Traced", Clr.Shapes.Traced());
            Print("RuleAndAttribute", Clr.Shapes.RuleAndAttribute());
            Print("TracedAsync", Clr.Shapes.TracedAsync().Result);
            Caught<InvalidOperationException>("Throw", () => Clr.Shapes.Throw("because"));
            Clr.Shapes.ByRef(ref number, out string text);
            Print("ByRef", number + text);
            Print("Params", Clr.Shapes.Params(1, 2, 3));
            Print("Many", Clr.Shapes.Many(true, 1, -2, -3, 4, -5, 6, -7, 8, 1.5f, -2.5, 'c', "m", null, 10.5m, (IntPtr)11, (UIntPtr)12, typeof(string), DayOfWeek.Friday, null));
            Print("Sign", Clr.Shapes.Sign(-4) + Clr.Shapes.Sign(4) + Clr.Shapes.Sign(0));
            Print("Finally", Clr.Shapes.Finally(2) + " " + Clr.Shapes.Finally(0) + " " + string.Join(",", Clr.Shapes.Log));
            Print("Filter", Clr.Shapes.Filter(1) + Clr.Shapes.Filter(2));
            Caught<ArgumentException>("Filter", () => Clr.Shapes.Filter(0));
            Print("Switch", string.Join(",", new[] { 0, 3, 9 }.Select(Clr.Shapes.Switch)));
            Caught<ArgumentOutOfRangeException>("Switch", () => Clr.Shapes.Switch(4));
            Print("Recurse", Clr.Shapes.Recurse(2));
            Print("Locals", Clr.Shapes.Locals(3));
            Print("EndsInThrow", Clr.Shapes.EndsInThrow(1));
            shapes.Price++;
            Print("Price", shapes.Price);
            Print("Größe", Clr.Shapes.Größe("öß"));
            Print("OldEnough", Clr.Shapes.OldEnough() + Clr.Shapes.TooOld());
            Print("Made", new Made().Name + new Made("given").Name);
            var box = new Box<string>();
            Print("Box", box.Swap("a") + box.Swap("b"));
            Print("Box", new Box<int>().Swap(1));
            Print("Box.Both", Box<int>.Both(1, "b") + Box<string>.Both("a", 2L));
            Print("Box.Lid", new Box<string>.Lid().Close("x"));
            Print("Inner", new Outer.Inner().Work(null) + Outer.Inner.Innermost.Work());
            Print("Thing", ((IThing)new Thing()).Do(1) + new TurningThing().Turn());
            Print("Sequential", new Sequential { Number = 1 }.Get() + Sequential.Make());
            Print("Automatic", Automatic.Make());
            Print("First, Second", First.Run() + Second.Run());
            Print("Wide", Wide.Sum());
            Print("Compiled", Compiled.Local(3) + Compiled.Lambda(4) + Compiled.Closure(5));
            Print("Greeter", ((IGreeter)new Greeter()).Greet("you"));
            Print("Self", new Dog().Self() == ((Animal)new Dog()).Self());
            Print("Tuple", MoreShapes.Tuple((1, "a"), new Tuple<int, string>(2, "b")));
            Print("Done", MoreShapes.Done(3).Result + MoreShapes.DoneLater(4).AsTask().Result);
            Caught<AggregateException>("Failing", () => MoreShapes.Failing("later").Wait());
            Print("Stream", Sum(MoreShapes.Stream(3)).Result);
            Print("Nested", MoreShapes.Nested(1));
            Caught<InvalidOperationException>("Rethrown", () => MoreShapes.Rethrown(0));
            Print("ByReference", MoreShapes.ByReference(ref number, 2L, out text) + text + number);
            Print("Convert", MoreShapes.Convert(7, x => "seven"));
            Print("Address", *MoreShapes.Address(&number) + MoreShapes.Reference(new[] { 1 }));
        }

        public static void Api()
        {
            var texts = new Dictionary<string, string> { ["a"] = "b" };
            var objects = new Dictionary<string, object> { ["a"] = 1 };
            var error = new InvalidOperationException("x");
            NewRelicApi.RecordMetric("metric", 1.5f);
            NewRelicApi.RecordResponseTimeMetric("time", 1L << 40);
            NewRelicApi.IncrementCounter("counter");
            NewRelicApi.NoticeError(error);
            NewRelicApi.NoticeError(error, texts);
            NewRelicApi.NoticeError(error, objects);
            NewRelicApi.NoticeError("message", texts);
            NewRelicApi.NoticeError("message", (IDictionary<string, object>)null);
            NewRelicApi.NoticeError("message", texts, true);
            NewRelicApi.NoticeError("message", objects, false);
            NewRelicApi.SetTransactionName("category", "name");
            NewRelicApi.SetTransactionUri(new Uri("http://host/path"));
            NewRelicApi.IgnoreTransaction();
            NewRelicApi.IgnoreApdex();
            NewRelicApi.AddCustomParameter("key", 12.5m);
            NewRelicApi.AddCustomParameter("key", "value");
            NewRelicApi.SetUserParameters("user", "account", null);
            NewRelicApi.RecordCustomEvent("event", objects);
            NewRelicApi.RecordLlmFeedbackEvent("trace", 5, metadata: objects);
            NewRelicApi.DisableBrowserMonitoring(true);
            NewRelicApi.StartAgent();
            NewRelicApi.SetErrorGroupCallback(attributes => "group");
            NewRelicApi.SetLlmTokenCountingCallback((model, content) => 1);
            Print("header", NewRelicApi.GetBrowserTimingHeader());
            Print("header with nonce", NewRelicApi.GetBrowserTimingHeader("n"));
            Print("footer", NewRelicApi.GetBrowserTimingFooter());
            Print("request", string.Join("; ", NewRelicApi.GetRequestMetadata()));
            Print("response", string.Join("; ", NewRelicApi.GetResponseMetadata()));
            Print("trace id", NewRelicApi.GetTraceId());
            Print("agent", NewRelicApi.GetAgent().GetType().Name);
            Caught<ArgumentException>("application name", () => NewRelicApi.SetApplicationName("n"));
        }

        public static void Emit()
        {
            foreach (var access in new[] { AssemblyBuilderAccess.Run, AssemblyBuilderAccess.RunAndCollect })
            {
                var type = AssemblyBuilder.DefineDynamicAssembly(new AssemblyName("Clr.Dynamic"), access).DefineDynamicModule("main").DefineType("Clr.Emitted", TypeAttributes.Public);
                var method = type.DefineMethod("Twice", MethodAttributes.Public | MethodAttributes.Static, typeof(int), new[] { typeof(int) });
                var il = method.GetILGenerator();
                il.Emit(OpCodes.Ldarg_0);
                il.Emit(OpCodes.Ldc_I4_2);
                il.Emit(OpCodes.Mul);
                il.Emit(OpCodes.Ret);
                var twice = (Func<int, int>)type.CreateType().GetMethod("Twice").CreateDelegate(typeof(Func<int, int>));
                Print(access.ToString(), twice(21) + twice(4));
            }
        }

        public static void Contexts(string path, int times)
        {
            for (int i = 0; i < times; i++) Work(new AssemblyLoadContext("plugin " + i), path, i);
        }

        public static void Collectible(string path, int times)
        {
            var contexts = new WeakReference[times];
            for (int i = 0; i < times; i++)
            {
                contexts[i] = LoadAndDrop(path, i);
                if (i % 20 == 19) Collect();
                if (i == 99) Print("resident after 100", Environment.WorkingSet >> 10);
            }
            for (int i = 0; i < 20 && contexts.Any(c => c.IsAlive); i++) Collect();
            Print("still loaded", contexts.Count(c => c.IsAlive));
            Print("resident at the end", Environment.WorkingSet >> 10);
        }

        static void Collect() { GC.Collect(); GC.WaitForPendingFinalizers(); }

        [MethodImpl(MethodImplOptions.NoInlining)]
        static WeakReference LoadAndDrop(string path, int input)
        {
            var context = new AssemblyLoadContext("plugin " + input, isCollectible: true);
            Work(context, path, input);
            context.Unload();
            return new WeakReference(context);
        }

        static void Work(AssemblyLoadContext context, string path, int input)
        {
            var work = (Func<int, int>)context.LoadFromAssemblyPath(path).GetType("Clr.Plugin").GetMethod("Work").CreateDelegate(typeof(Func<int, int>));
            if (work(input) != input + 1) Print("wrong result", input);
        }

        // Every thread calls every method, in the same order and from the same moment, so that the same method is compiled in several threads at once.
        public static void Threads(int count)
        {
            long sum = 0;
            using (var start = new Barrier(count))
            {
                var threads = Enumerable.Range(0, count).Select(n => new Thread(() =>
                {
                    start.SignalAndWait();
                    long mine = 0;
                    foreach (var method in ManyMethods.All) mine += method(1);
                    Interlocked.Add(ref sum, mine);
                })).ToArray();
                foreach (var thread in threads) thread.Start();
                foreach (var thread in threads) thread.Join();
            }
            Print("sum", sum);
            Print("sum", ManyMethods.All.Sum(method => method(2)));
        }
    }
}
