using System;
using System.IO;
using System.Runtime.CompilerServices;
using System.Threading.Tasks;

namespace Clr
{
    /// <summary>Methods that a switch is about (docs/compat.md).</summary>
    public static class Switches
    {
        /// <summary>The JIT inlines it. It would not, had it been asked for when its module was loaded, as methods of types that are not nested are.</summary>
        public static class Tiny { public static int Small(int x) => x + 1; }
        public static int Small(int x) => x + 1; // asked for, so it is not
        [MethodImpl(MethodImplOptions.NoInlining)] public static int Caller(int x) => Tiny.Small(x) + Small(x);

        [MethodImpl(MethodImplOptions.NoInlining)] public static async Task<int> Both(int x) { await Task.Yield(); return x; }
        [MethodImpl(MethodImplOptions.NoInlining)] public static int Both(string text) => text.Length;

        public static class Inner
        {
            [MethodImpl(MethodImplOptions.NoInlining)] public static int Get(int x) => x;
        }

        /// <summary>The rule for Inner.Get comes when that is compiled already.</summary>
        public static void Run()
        {
            Console.WriteLine(Caller(1) + " " + Both(5).Result + " " + Both("abc") + " " + Inner.Get(1));
            File.WriteAllText(Exports.Extension("inner.xml"), "<extension xmlns=\"urn:newrelic-extension\"><instrumentation><tracerFactory name=\"Switches\">" +
                "<match assemblyName=\"Clr.Target\" className=\"Clr.Switches+Inner\"><exactMethodMatcher methodName=\"Get\"/></match></tracerFactory></instrumentation></extension>");
            Console.WriteLine(Exports.InstrumentationRefresh() + " " + Inner.Get(2));
        }
    }
}
