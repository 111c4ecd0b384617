using System;
using System.Runtime.CompilerServices;

namespace Clr
{
    /// <summary>Methods that the C++ profiler's code does not suit: a by-ref-like argument is boxed, the object of a struct kept as it is.</summary>
    public static class Spans
    {
        [MethodImpl(MethodImplOptions.NoInlining)] public static int Length(ReadOnlySpan<char> text) => text.Length;
        [MethodImpl(MethodImplOptions.NoInlining)] public static int Count(ArraySegment<int> part) => part.Count;
        [MethodImpl(MethodImplOptions.NoInlining)] public static int Sum(int a, int b) => a + b;

        public struct Pair
        {
            public int Value;
            [MethodImpl(MethodImplOptions.NoInlining)] public int Twice() => 2 * Value;
        }

        static string Of(Func<int> call)
        {
            try { return call().ToString(); } catch (Exception e) { return e.GetType().Name; }
        }

        public static void Run() => Console.WriteLine(string.Join(" ", Of(() => Length("abc")), Of(() => Count(new ArraySegment<int>(new int[4]))),
            Of(() => Sum(2, 3)), Of(() => new Pair { Value = 21 }.Twice())));

        public static void Crash()
        {
            Console.WriteLine(Sum(1, 2));
            Environment.FailFast("on purpose");
        }
    }
}
