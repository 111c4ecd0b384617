using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading.Tasks;
using NewRelic.Api.Agent;

namespace Clr
{
    public enum Colour { Red, Green }

    public class Shapes
    {
        public static int Add(int a, int b) => a + b;
        public string Greet(string name) => "hello " + name;
        public static void Nothing() { }
        public void Touch(object value) { }
        public static string Null(string value) => null;

        public static long Long(long x) => -x;
        public static bool Bool(bool x) => !x;
        public static double Double(double x) => x / 2;
        public static char Char(char x) => (char)(x + 1);
        public static Colour Enum(Colour x) => Colour.Green;
        public static Guid Struct(Guid x) => x;
        public static int? Nullable(int? x) => x;
        public static int[] Array(int[] x, string[,] y) => x;
        public static List<int> Generic(Dictionary<string, List<int>> x) => null;
        public static unsafe int Pointer(int* x) => *x;
        public static int Modified(in int x) => x;

        public static T Echo<T>(T value) => value;
        public static async Task<int> LaterAsync(int x) { await Task.Yield(); return x; }
        public static IEnumerable<int> Numbers(int upTo) { for (int i = 0; i < upTo; i++) yield return i; }

        public static int Over() => 0;
        public static int Over(int x) => x;
        public static int Over(string x) => x.Length;

        [Transaction, MethodImpl(MethodImplOptions.NoInlining)] public static int Background() => 1;
        [Transaction(Web = true), MethodImpl(MethodImplOptions.NoInlining)] public static int Web() => 2;
        [Transaction(Web = false), MethodImpl(MethodImplOptions.NoInlining)] public static int NotWeb() => 3;
        [Trace, MethodImpl(MethodImplOptions.NoInlining)] public static int Traced() => 4;
        [Transaction, MethodImpl(MethodImplOptions.NoInlining)] public static int RuleAndAttribute() => 5;
        [Trace, MethodImpl(MethodImplOptions.NoInlining)] public static async Task<int> TracedAsync() => 6;

        public static int Throw(string message) => message == null ? 0 : throw new InvalidOperationException(message);
        public static void ByRef(ref int x, out string y) { x++; y = "out"; }
        public static int Params(params int[] x) => x.Length;
        public static string Many(bool a, byte b, sbyte c, short d, ushort e, int f, uint g, long h, ulong i, float j, double k, char l,
            string m, object n, decimal o, IntPtr p, UIntPtr q, Type r, DayOfWeek s, Action t) => m;

        public static string Sign(int x)
        {
            if (x < 0) return "minus";
            if (x > 0) return "plus";
            return "zero";
        }

        public static int Finally(int x)
        {
            try { return 10 / x; }
            catch (DivideByZeroException) { return -1; }
            finally { Log.Add("finally " + x); }
        }

        public static string Filter(int x)
        {
            try { throw new ArgumentException("f" + x); }
            catch (ArgumentException e) when (e.Message == "f1") { return "one"; }
            catch (ArgumentException) when (x > 1) { return "more"; }
        }

        public static string Switch(int x)
        {
            switch (x)
            {
                case 0: return "nought";
                case 1: return "one";
                case 2: return "two";
                case 3: return "three";
                case 4: throw new ArgumentOutOfRangeException(nameof(x));
                default: return "many";
            }
        }

        public static int Recurse(int x) => x == 0 ? 0 : 1 + Recurse(x - 1);

        // Six locals before the profiler's own: its local indexes no longer fit the one-byte instructions.
        public static int Locals(int x)
        {
            int a = x, b = a + 1, c = b + a;
            string d = "d" + c;
            for (int i = 0; i < 3; i++) foreach (char e in d) c += e + i * b;
            return a + b + c + d.Length;
        }

        // The last instruction is no return, so the profiler leaves it alone.
        public static int EndsInThrow(int x)
        {
            if (x == 1) return 5;
            throw new ArgumentException("not one");
        }

        public int Price { get; set; } = 9;
        public static int Größe(string ö) => ö.Length;
        public static int OldEnough() => 1;
        public static int TooOld() => 1;
        public static readonly List<string> Log = new List<string>();
    }

    // What the compiler makes of a body: methods with names of its own, which a rule can name. They keep their numbers while these stay first.
    public static class Compiled
    {
        public static int Local(int x) { int Twice(int y) => 2 * y; return Twice(x) + 1; }
        public static int Lambda(int x) { Func<int, string, int> longer = (y, text) => y + text.Length; return longer(x, "abc"); }
        public static int Closure(int x) { Func<int> captured = () => x + 1; return captured(); }
    }

    public interface IGreeter { string Greet(string name) => "hello " + name; }
    public class Greeter : IGreeter { }
    public class Animal { public virtual Animal Self() => this; }
#if NET5_0_OR_GREATER
    public class Dog : Animal { public override Dog Self() => this; }
#else
    public class Dog : Animal { public override Animal Self() => this; }
#endif

    public static class MoreShapes
    {
        public static (int Number, string Text) Tuple((int, string) pair, Tuple<int, string> old) => (pair.Item1 + old.Item1, pair.Item2 + old.Item2);
        public static ValueTask<int> Done(int x) => new ValueTask<int>(x);
        public static async ValueTask<int> DoneLater(int x) { await Task.Yield(); return x; }
        public static async Task Failing(string message) { await Task.Yield(); throw new InvalidOperationException(message); }
        public static async IAsyncEnumerable<int> Stream(int upTo) { for (int i = 0; i < upTo; i++) { await Task.Yield(); yield return i; } }

        public static string Nested(int x)
        {
            try
            {
                try { throw new ArgumentException("inner" + x); }
                catch (ArgumentException e) { throw new InvalidOperationException("outer", e); }
                finally { Shapes.Log.Add("nested " + x); }
            }
            catch (InvalidOperationException e) when (x > 0) { return e.InnerException.Message; }
        }

        public static string Rethrown(int x)
        {
            try { return Nested(x); }
            catch (InvalidOperationException) { throw; }
        }

        public static int ByReference(ref int x, in long y, out string z) { z = "z"; return x += (int)y; }
        public static TOut Convert<TIn, TOut>(TIn x, Func<TIn, TOut> how) where TIn : struct where TOut : class => how(x);
        public static unsafe int* Address(int* x) => x; // a pointer as the result: refused
        public static ref int Reference(int[] x) => ref x[0]; // likewise
    }

    public class Made
    {
        public readonly string Name;
        public Made(string name) { Name = name; }
        public Made() : this("default") { }
    }

    // A rule for a nested type is not found when the module loads, only when a method of it is compiled: so it must not be inlined.
    public class Box<T>
    {
        T _value;
        public T Swap(T value) { T old = _value; _value = value; return old; }
        public static string Both<U>(T a, U b) => typeof(T).Name + typeof(U).Name;
        public class Lid { [MethodImpl(MethodImplOptions.NoInlining)] public int Close(T value) => 1; }
    }

    public class Outer
    {
        public class Inner
        {
            [MethodImpl(MethodImplOptions.NoInlining)] public int Work(Inner other) => 1;
            public class Innermost { [MethodImpl(MethodImplOptions.NoInlining)] public static int Work() => 2; }
        }
        public struct Value { public int Number; [MethodImpl(MethodImplOptions.NoInlining)] public int Get() => Number; }
    }

    public interface IThing { int Do(int x); }
    public class Thing : IThing { int IThing.Do(int x) => x + 1; public virtual int Turn() => 1; }
    public class TurningThing : Thing { public override int Turn() => base.Turn() + 1; }

    [StructLayout(LayoutKind.Sequential)] public struct Sequential { public int Number; public int Get() => Number; public static int Make() => 3; }
    [StructLayout(LayoutKind.Auto)] public struct Automatic { public int Number; public static int Make() => 4; }
    public static class First { public static int Run() => 1; }
    public static class Second { public static int Run() => 2; }
}
