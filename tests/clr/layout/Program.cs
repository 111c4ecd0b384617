using System;
using System.Linq;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Clr
{
    /// <summary>Clr.Layout LIBRARY: loads the library without any profiler in the process, calls its functions through the declarations
    /// that the managed agent has, and looks at the sizes of the records. Prints a line for each test and a count line.</summary>
    static class Layout
    {
        const string Library = "NewRelicProfiler";
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, EntryPoint = "InstrumentationRefresh")] static extern int InstrumentationRefresh();
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, EntryPoint = "ReloadConfiguration")] static extern int ReloadConfiguration();
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, EntryPoint = "AddCustomInstrumentation")] static extern int AddCustomInstrumentation(string fileName, string xml);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, EntryPoint = "ApplyCustomInstrumentation")] static extern int ApplyCustomInstrumentation();
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, EntryPoint = "RequestProfile")] static extern int RequestProfile(ref IntPtr snapshots, ref int length);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, EntryPoint = "ReleaseProfile")] static extern void ReleaseProfile();
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, EntryPoint = "RequestFunctionNames")] static extern int RequestFunctionNames(UIntPtr[] functionIds, int length, ref IntPtr results);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, EntryPoint = "ShutdownThreadProfiler")] static extern void ShutdownThreadProfiler();
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, EntryPoint = "GetCurrentExecutionEngineThreadId")] static extern UIntPtr GetCurrentExecutionEngineThreadId();
        [DllImport(Library, CallingConvention = CallingConvention.StdCall, EntryPoint = "DllGetClassObject")] static extern int DllGetClassObject(ref Guid clsid, ref Guid iid, out IntPtr factory);
        [DllImport(Library, CallingConvention = CallingConvention.StdCall, EntryPoint = "DllCanUnloadNow")] static extern int DllCanUnloadNow();

        [StructLayout(LayoutKind.Sequential)] struct ThreadProfile { public UIntPtr Thread; public int Error, Count; public IntPtr Functions; }
        [StructLayout(LayoutKind.Sequential)] struct FunctionName { public UIntPtr Id; [MarshalAs(UnmanagedType.LPWStr)] public string Type, Method; }

        static int s_passed, s_failed;

        static void Equal<T>(string what, T expected, T actual)
        {
            bool same = Equals(expected, actual);
            Console.WriteLine(same ? "PASS " + what : "FAIL " + what + ": expected " + expected + ", got " + actual);
            if (same) s_passed++; else s_failed++;
        }

        static void Result(string what, uint expected, int actual) => Equal(what, expected.ToString("x8"), actual.ToString("x8"));
        static int Offset<T>(string field) => (int)Marshal.OffsetOf<T>(field);

        static int Main(string[] args)
        {
            IntPtr library = NativeLibrary.Load(args[0]);
            NativeLibrary.SetDllImportResolver(Assembly.GetExecutingAssembly(), (name, assembly, path) => name == Library ? library : IntPtr.Zero);
            int pointer = IntPtr.Size;

            Result("refresh without a profiler", 0x80004005, InstrumentationRefresh());
            Result("reload without a profiler", 0x80004005, ReloadConfiguration());
            Result("add without a profiler", 0x80004005, AddCustomInstrumentation("größe.xml", "<extension/>"));
            Result("apply without a profiler", 0x80004005, ApplyCustomInstrumentation());
            IntPtr kept = (IntPtr)77;
            int length = 77;
            Result("profile without a profiler", 0x8000FFFF, RequestProfile(ref kept, ref length));
            ReleaseProfile();
            Result("names without a profiler", 0x8000FFFF, RequestFunctionNames(new[] { (UIntPtr)1u, (UIntPtr)2u }, 2, ref kept));
            ShutdownThreadProfiler();
            Equal("results are left alone", true, kept == (IntPtr)77 && length == 77);
            Equal("no thread id without a profiler", UIntPtr.Zero, GetCurrentExecutionEngineThreadId());
            Result("DllCanUnloadNow", 0, DllCanUnloadNow());
            // On 32-bit Windows a wrong calling convention would have moved the stack by now, and this would not be reached.
            ClassFactory();

            Equal("size of a thread's record", pointer == 8 ? 24 : 16, Marshal.SizeOf<ThreadProfile>());
            Equal("error of a thread's record", pointer, Offset<ThreadProfile>("Error"));
            Equal("count of a thread's record", pointer + 4, Offset<ThreadProfile>("Count"));
            Equal("functions of a thread's record", pointer + 8, Offset<ThreadProfile>("Functions"));
            Equal("size of a function's record", 3 * pointer, Marshal.SizeOf<FunctionName>());
            Equal("type name of a function's record", pointer, Offset<FunctionName>("Type"));
            Equal("method name of a function's record", 2 * pointer, Offset<FunctionName>("Method"));
            Exports(library);

            Console.WriteLine(s_passed + " passed, " + s_failed + " failed, 0 skipped");
            return s_failed == 0 ? 0 : 1;
        }

        /// <summary>A class factory as a runtime asks for it, with any CLSID; a profiler object of it answers for ICorProfilerCallback4.</summary>
        static unsafe void ClassFactory()
        {
            Guid clsid = new Guid("36032161-FFC0-4B61-B559-F6C5D41BAE5A"), factoryId = new Guid("00000001-0000-0000-C000-000000000046");
            Guid unknown = Guid.Empty, callback4 = new Guid("7B63B2E3-107D-4D48-B2F6-F61E229470D2");
            Result("DllGetClassObject of an unknown interface", 0x80004002, DllGetClassObject(ref clsid, ref unknown, out IntPtr none));
            Equal("and its result", IntPtr.Zero, none);
            Result("DllGetClassObject", 0, DllGetClassObject(ref unknown, ref factoryId, out IntPtr factory));
            void** slots = *(void***)factory;
            IntPtr profiler;
            int hr = ((delegate* unmanaged[Stdcall]<IntPtr, IntPtr, Guid*, IntPtr*, int>)slots[3])(factory, IntPtr.Zero, &callback4, &profiler);
            Result("CreateInstance", 0, hr);
            // A profiler that was never initialised, as after an attach: the documented codes, and the process goes on.
            Result("refresh with an uninitialised profiler", 0x80004005, InstrumentationRefresh());
            IntPtr kept = (IntPtr)77;
            int length = 77;
            Result("profile with an uninitialised profiler", 0x8000FFFF, RequestProfile(ref kept, ref length));
            Result("names of nothing", 0x80070057, RequestFunctionNames(new UIntPtr[1], 0, ref kept));
            Result("names of unknown functions", 0, RequestFunctionNames(new[] { (UIntPtr)5u, UIntPtr.Zero }, 2, ref kept));
            var names = Enumerable.Range(0, 2).Select(i => Marshal.PtrToStructure<FunctionName>(kept + i * Marshal.SizeOf<FunctionName>())).ToArray();
            Equal("names of an unknown function", "5 UnknownClass UnknownMethod(error)", names[0].Id + " " + names[0].Type + " " + names[0].Method);
            Equal("the second record", "0 UnknownClass UnknownMethod(error)", names[1].Id + " " + names[1].Type + " " + names[1].Method);
            ShutdownThreadProfiler();
            Marshal.Release(profiler);
            Result("refresh after the profiler is gone", 0x80004005, InstrumentationRefresh());
            Marshal.Release(factory);
        }

        static void Exports(IntPtr library)
        {
            foreach (string name in typeof(Layout).GetMethods(BindingFlags.NonPublic | BindingFlags.Static).Select(m => m.GetCustomAttribute<DllImportAttribute>()?.EntryPoint).Where(n => n != null))
                Equal("export " + name, true, NativeLibrary.TryGetExport(library, name, out _));
        }
    }
}
