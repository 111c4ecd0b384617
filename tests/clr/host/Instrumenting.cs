using System;
using System.Linq;
using System.Text.RegularExpressions;

namespace Clr
{
    /// <summary>One run of the target; each test is about one method of it and compares everything the agent was told, all eleven arguments.</summary>
    static class Instrumenting
    {
        static readonly string[] s_refusals = { " Skipping SpecialName method: ", " Skipping sequential layout method: ", " Last instruction was not RET, aborting", RefusedResult, " By ref tokenization not supported." };
        const string RefusedResult = " An unexpected exception was thrown while possibly instrumenting a function.";
        static readonly Lazy<Run> s_run = new Lazy<Run>(() => Run.Start("shapes"));

        const string Factory = "Clr.Factory", Metric = "Custom/Clr", DefaultFactory = "NewRelic.Agent.Core.Tracer.Factories.DefaultTracerFactory";
        const uint Rule = 0x7400, Async = 0x00800000, Other = 0x00400000, Web = 0x00200000, Attribute = 0x00100000;

        static string Told(Call call) => Regex.Replace(call.Arguments.Replace("this=", "").Replace(" args=", " | ") + " | " + (call.Finish ?? "no finish"), "d__[0-9]+", "d__");

        // calls: "this | arguments | outcome" for each call, in order of the starts
        static void Row(string name, string type, string method, uint flags, string factory, string metric, params string[] calls) => Suite.Test(name, () =>
        {
            Run run = s_run.Value.Alive();
            string full = "[Clr.Target]" + type + "." + method;
            var seen = run.Of(full).ToList();
            Check.Equal(string.Join("\n", calls), string.Join("\n", seen.Select(Told)), full);
            foreach (Call call in seen)
            {
                Check.Equal($"flags=0x{flags:x8} factory=\"{factory}\" metric=\"{metric}\"", call.Point, "instrumentation point");
                Check.Equal("<" + type + ">", call.Type, "declaring type");
                Check.That(call.Function != "none", "the function id is 0");
            }
        });

        static void Ruled(string name, string type, string method, params string[] calls) => Row(name, type, method, Rule, Factory, Metric, calls);
        static void Attributed(string name, string method, uint flags, params string[] calls) => Row(name, "Clr.Shapes", method, flags | Attribute, DefaultFactory, "", calls);

        // A method that is left alone: it ran (the target's own output is compared elsewhere), nobody was told, and the log says why.
        static void Untouched(string name, string method, string logged) => Suite.Test(name, () =>
        {
            Run run = s_run.Value.Alive();
            Check.That(run.Calls.Count > 50, "nothing else was instrumented either");
            Check.Equal(0, run.Of("[Clr.Target]" + method).Count(), "starts of " + method);
            if (logged != null) Check.That(run.Log.Split('\n').Any(l => l.Contains(logged) && l.Contains("[Clr.Target]" + method)), "the log has no line \"" + logged + "\" for " + method);
        });

        public static void Register()
        {
            Suite.Test("the application prints the same with and without the profiler", () =>
            {
                string with = s_run.Value.Alive().Output;
                Check.That(s_run.Value.Calls.Count > 50, "nothing was instrumented");
                string profiler = Suite.Profiler;
                Suite.Profiler = "none";
                try { Check.Equal(Run.Start("shapes").Alive().Output, with, "output"); }
                finally { Suite.Profiler = profiler; }
            });
            Suite.Test("every start has its finish", () =>
            {
                Run run = s_run.Value.Alive();
                Check.That(run.Calls.Count > 50, "nothing was instrumented");
                Check.Equal("", string.Join(", ", run.Calls.Where(c => c.Finish == null).Select(c => c.Method)), "starts without a finish");
            });
            Suite.Test("the log has one line for each instrumented method and no error but the refusals", () =>
            {
                Run run = s_run.Value.Alive();
                Check.That(run.Calls.Count > 50, "nothing was instrumented");
                var errors = run.Log.Split('\n').Where(l => l.StartsWith("[Error]") && !s_refusals.Any(l.Contains));
                Check.Equal("", string.Join("\n", errors), "errors");
                Check.Equal(2, run.Log.Split('\n').Count(l => l.EndsWith(RefusedResult)), "methods whose result has no token: a pointer, a reference");
                foreach (string method in run.Calls.Select(c => c.Method).Distinct())
                    Check.That(run.Log.Contains(", AppDomain: clrhost)" + method + "\n"), "no line \"Instrumenting method\" for " + method);
            });

            Shapes();
            MoreShapes();
            Refusals();

            Suite.Test("the function id names one compiled method", () =>
            {
                Run run = s_run.Value.Alive();
                var recursion = run.Of("[Clr.Target]Clr.Shapes.Recurse(System.Int32)").Select(c => c.Function).Distinct().ToList();
                Check.Equal(1, recursion.Count, "ids of Recurse");
                Check.That(run.Of("[Clr.Target]Clr.Shapes.Add(System.Int32,System.Int32)").All(c => c.Function != recursion[0]), "Add has the id of Recurse");
            });
        }

        static void Shapes()
        {
            const string S = "Clr.Shapes";
            Ruled("static method with a result", S, "Add(System.Int32,System.Int32)", "null | [2, 3] | result=5");
            Ruled("instance method, quotes in strings", S, "Greet(System.String)", "<Clr.Shapes> | [\"w\\\"o\\\"rld\"] | result=\"hello w\\\"o\\\"rld\"");
            Ruled("static void method, no parameters", S, "Nothing()", "null | [] | result=null");
            Ruled("instance void method, null argument", S, "Touch(System.Object)", "<Clr.Shapes> | [null] | result=null");
            Ruled("null result", S, "Null(System.String)", "null | [\"x\"] | result=null");
            Ruled("long", S, "Long(System.Int64)", "null | [1099511627776] | result=-1099511627776");
            Ruled("bool", S, "Bool(System.Boolean)", "null | [False] | result=True");
            Ruled("double", S, "Double(System.Double)", "null | [3] | result=1.5");
            Ruled("char", S, "Char(System.Char)", "null | [\"a\"] | result=\"b\"");
            Ruled("enum", S, "Enum(Clr.Colour)", "null | [Colour.Red] | result=Colour.Green");
            Ruled("struct of another assembly", S, "Struct(System.Guid)", "null | [<System.Guid>] | result=<System.Guid>");
            Ruled("nullable", S, "Nullable(System.Nullable`1[System.Int32])", "null | [7] | result=7", "null | [null] | result=null");
            Ruled("arrays of rank 1 and 2", S, "Array(System.Int32[],System.String[,])",
                "null | [<System.Int32[] of 2>, <System.String[,] of 2>] | result=<System.Int32[] of 2>");
            Ruled("generic instance as a parameter", S, "Generic(System.Collections.Generic.Dictionary`2[System.String,System.Collections.Generic.List`1[System.Int32]])",
                "null | [null] | result=null");
            Ruled("pointer parameter is passed as null", S, "Pointer(System.Int32*)", "null | [null] | result=5");
            Ruled("in parameter (custom modifier, by reference)", S, "Modified(System.Int32&)", "null | [null] | result=5");
            Ruled("generic method over classes and values", S, "Echo(!!0)", "null | [\"s\"] | result=\"s\"", "null | [6] | result=6", "null | [\"t\"] | result=\"t\"");
            Row("async method", S, "LaterAsync(System.Int32)", Rule | Async, Factory, Metric, "null | [8] | result=<System.Runtime.CompilerServices.AsyncTaskMethodBuilder`1+AsyncStateMachineBox`1[System.Int32,Clr.Shapes+<LaterAsync>d__]>");
            Ruled("iterator", S, "Numbers(System.Int32)", "null | [3] | result=<Clr.Shapes+<Numbers>d__>");

            Row("overload (int)", S, "Over(System.Int32)", 0x03053400, "Clr.OverInt", "", "null | [2] | result=2");
            Row("overload ()", S, "Over()", 0, "Clr.OverVoid", "", "null | [] | result=0");
            Untouched("overload (string), in a disabled factory", "Clr.Shapes.Over(System.String)", null);
            Attributed("[Transaction]", "Background()", Other, "null | [] | result=1");
            Attributed("[Transaction(Web = true)]", "Web()", Web, "null | [] | result=2");
            Attributed("[Transaction(Web = false)]", "NotWeb()", Other, "null | [] | result=3");
            Attributed("[Trace]", "Traced()", 0, "null | [] | result=4");
            Attributed("[Trace] async", "TracedAsync()", Async, "null | [] | result=<System.Threading.Tasks.Task`1[System.Int32]>");
            Row("a rule and an attribute", S, "RuleAndAttribute()", Rule | Attribute | Other, Factory, Metric, "null | [] | result=5");

            Ruled("exception", S, "Throw(System.String)", "null | [\"because\"] | exception=System.InvalidOperationException \"because\"");
            Ruled("by-ref arguments are passed as null", S, "ByRef(System.Int32&,System.String&)", "null | [null, null] | result=null");
            Ruled("params array", S, "Params(System.Int32[])", "null | [<System.Int32[] of 3>] | result=3");
            Ruled("twenty parameters", S, "Many(System.Boolean,System.Byte,System.SByte,System.Int16,System.UInt16,System.Int32,System.UInt32,System.Int64,System.UInt64,System.Single,System.Double,System.Char,System.String,System.Object,System.Decimal,System.IntPtr,System.UIntPtr,System.Type,System.DayOfWeek,System.Action)",
                "null | [True, 1, -2, -3, 4, -5, 6, -7, 8, 1.5, -2.5, \"c\", \"m\", null, 10.5, <System.IntPtr>, <System.UIntPtr>, <System.String>, DayOfWeek.Friday, null] | result=\"m\"");
            string numbers = string.Join(", ", Enumerable.Range(0, 300)), types = string.Join(",", Enumerable.Repeat("System.Int32", 300));
            Ruled("three hundred parameters", "Clr.Wide", "Take(" + types + ")", "null | [" + numbers + "] | result=810");

            Ruled("several returns", S, "Sign(System.Int32)", "null | [-4] | result=\"minus\"", "null | [4] | result=\"plus\"", "null | [0] | result=\"zero\"");
            Ruled("try, catch and finally", S, "Finally(System.Int32)", "null | [2] | result=5", "null | [0] | result=-1");
            Ruled("exception filters", S, "Filter(System.Int32)", "null | [1] | result=\"one\"", "null | [2] | result=\"more\"", "null | [0] | exception=System.ArgumentException \"f0\"");
            Ruled("switch", S, "Switch(System.Int32)", "null | [0] | result=\"nought\"", "null | [3] | result=\"three\"", "null | [9] | result=\"many\"",
                "null | [4] | exception=System.ArgumentOutOfRangeException \"Specified argument was out of the range of valid values. (Parameter 'x')\"");
            Ruled("recursion", S, "Recurse(System.Int32)", "null | [2] | result=2", "null | [1] | result=1", "null | [0] | result=0");
            Ruled("more than four locals", S, "Locals(System.Int32)", "null | [3] | result=505");
            Ruled("names beyond ASCII", S, "Größe(System.String)", "null | [\"öß\"] | result=2");
            Row("minVersion includes", S, "OldEnough()", 0x3400, "Clr.Version", "", "null | [] | result=1");

            Ruled("constructors, one calling the other", "Clr.Made", ".ctor()", "<Clr.Made> | [] | result=null");
            Ruled("constructor with a parameter", "Clr.Made", ".ctor(System.String)", "<Clr.Made> | [\"default\"] | result=null", "<Clr.Made> | [\"given\"] | result=null");
            Ruled("instance method of a generic type", "Clr.Box`1", "Swap(!0)",
                "<Clr.Box`1[System.String]> | [\"a\"] | result=null", "<Clr.Box`1[System.String]> | [\"b\"] | result=\"a\"", "<Clr.Box`1[System.Int32]> | [1] | result=0");
            Ruled("generic static method of a generic type", "Clr.Box`1", "Both(!0,!!0)", "null | [1, \"b\"] | result=\"Int32String\"", "null | [\"a\", 2] | result=\"StringInt64\"");
            Ruled("nested type of a generic type", "Clr.Box`1+Lid", "Close(!0)", "<Clr.Box`1+Lid[System.String]> | [\"x\"] | result=1");
            Ruled("nested type, itself as a parameter", "Clr.Outer+Inner", "Work(Inner)", "<Clr.Outer+Inner> | [null] | result=1");
            Ruled("nested twice", "Clr.Outer+Inner+Innermost", "Work()", "null | [] | result=2");
            Ruled("explicit interface implementation", "Clr.Thing", "Clr.IThing.Do(System.Int32)", "<Clr.Thing> | [1] | result=2");
            Ruled("override", "Clr.TurningThing", "Turn()", "<Clr.TurningThing> | [] | result=2");
            Ruled("base of an override", "Clr.Thing", "Turn()", "<Clr.TurningThing> | [] | result=1");
            Ruled("static method of a struct without layout", "Clr.Automatic", "Make()", "null | [] | result=4");
            Row("two classes in one matcher, default factory", "Clr.First", "Run()", 0x00007c00, DefaultFactory, "Two blanks", "null | [] | result=1");
            Row("two classes in one matcher, the second", "Clr.Second", "Run()", 0x00007c00, DefaultFactory, "Two blanks", "null | [] | result=2");
        }

        static void MoreShapes()
        {
            const string M = "Clr.MoreShapes";
            Ruled("method with a local function", "Clr.Compiled", "Local(System.Int32)", "null | [3] | result=7");
            Ruled("local function", "Clr.Compiled", "<Local>g__Twice|0_0(System.Int32)", "null | [3] | result=6");
            Ruled("lambda", "Clr.Compiled+<>c", "<Lambda>b__1_0(System.Int32,System.String)", "<Clr.Compiled+<>c> | [4, \"abc\"] | result=7");
            Ruled("lambda that captures", "Clr.Compiled+<>c__DisplayClass2_0", "<Closure>b__0()", "<Clr.Compiled+<>c__DisplayClass2_0> | [] | result=6");
            Ruled("default interface method", "Clr.IGreeter", "Greet(System.String)", "<Clr.Greeter> | [\"you\"] | result=\"hello you\"");
            Ruled("covariant return", "Clr.Dog", "Self()", "<Clr.Dog> | [] | result=<Clr.Dog>", "<Clr.Dog> | [] | result=<Clr.Dog>");
            Ruled("tuples of values and of classes", M, "Tuple(System.ValueTuple`2[System.Int32,System.String],System.Tuple`2[System.Int32,System.String])",
                "null | [<System.ValueTuple`2[System.Int32,System.String]>, <System.Tuple`2[System.Int32,System.String]>] | result=<System.ValueTuple`2[System.Int32,System.String]>");
            Ruled("ValueTask", M, "Done(System.Int32)", "null | [3] | result=<System.Threading.Tasks.ValueTask`1[System.Int32]>");
            Row("async ValueTask", M, "DoneLater(System.Int32)", Rule | Async, Factory, Metric, "null | [4] | result=<System.Threading.Tasks.ValueTask`1[System.Int32]>");
            Row("async method that fails", M, "Failing(System.String)", Rule | Async, Factory, Metric,
                "null | [\"later\"] | result=<System.Runtime.CompilerServices.AsyncTaskMethodBuilder`1+AsyncStateMachineBox`1[System.Threading.Tasks.VoidTaskResult,Clr.MoreShapes+<Failing>d__]>");
            Ruled("async iterator", M, "Stream(System.Int32)", "null | [3] | result=<Clr.MoreShapes+<Stream>d__>");
            Ruled("nested try, catch and finally", M, "Nested(System.Int32)", "null | [1] | result=\"inner1\"", "null | [0] | exception=System.InvalidOperationException \"outer\"");
            Ruled("rethrown exception", M, "Rethrown(System.Int32)", "null | [0] | exception=System.InvalidOperationException \"outer\"");
            Ruled("ref, in and out with a result", M, "ByReference(System.Int32&,System.Int64&,System.String&)", "null | [null, null, null] | result=8");
            Ruled("generic method with constraints", M, "Convert(!!0,System.Func`2[!!0,!!1])", "null | [7, <System.Func`2[System.Int32,System.String]>] | result=\"seven\"");
            Untouched("pointer as the result", "Clr.MoreShapes.Address(System.Int32*)", null);
            Untouched("reference as the result", "Clr.MoreShapes.Reference(System.Int32[])", null);
        }

        static void Refusals()
        {
            Untouched("property getter", "Clr.Shapes.get_Price()", "Skipping SpecialName method");
            Untouched("property setter", "Clr.Shapes.set_Price(System.Int32)", "Skipping SpecialName method");
            Untouched("instance method of a sequential struct", "Clr.Sequential.Get()", "Skipping sequential layout method");
            Untouched("static method of a sequential struct", "Clr.Sequential.Make()", "Skipping sequential layout method");
            Untouched("a method that ends in a throw", "Clr.Shapes.EndsInThrow(System.Int32)", "Skipping invalid method");
            Untouched("maxVersion excludes", "Clr.Shapes.TooOld()", null);
            // The layout that counts is the outermost type's, so it is instrumented; 'this' is a managed pointer in an object[]. .NET 9 and later make an
            // exception of that, and the start fails quietly; .NET 8 ends the process, whichever profiler wrote the body.
            Suite.Test("instance method of a nested struct", () =>
            {
                Run run = Run.Start("nested-struct");
                Check.Contains("[Clr.Target]Clr.Outer+Value.Get()", run.Log, "the profiler log");
                Check.Equal(0, run.Calls.Count, "starts");
                if (!Suite.Target.EndsWith(".dll") && run.ExitCode == 139) throw new Skipped("this version of the CLR cannot run what the C++ profiler writes here");
                Check.Equal("3\n", run.Alive().Output.Replace("done\n", ""), "output");
            });
        }
    }
}
