using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Clr
{
    /// <summary>The nine functions that the managed agent calls, declared as it declares them, and readers of their records as it has them.</summary>
    static class Exports
    {
        const string Library = "NewRelicProfiler";
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] public static extern int InstrumentationRefresh();
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] public static extern int ReloadConfiguration();
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] public static extern int AddCustomInstrumentation(string fileName, string xml);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] public static extern int ApplyCustomInstrumentation();
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] public static extern int RequestProfile([Out] out IntPtr snapshots, [Out] out int length);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] public static extern void ReleaseProfile();
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] public static extern int RequestFunctionNames(UIntPtr[] functionIds, int length, [Out] out IntPtr results);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] public static extern void ShutdownThreadProfiler();
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] public static extern UIntPtr GetCurrentExecutionEngineThreadId();

        // The same functions for arguments that the declarations above cannot pass.
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, EntryPoint = "RequestProfile")] public static extern int RequestProfileAt(IntPtr snapshots, IntPtr length);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, EntryPoint = "RequestProfile")] public static extern int RequestProfileKeeping(ref IntPtr snapshots, ref int length);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, EntryPoint = "RequestFunctionNames")] public static extern int RequestFunctionNamesAt(UIntPtr[] functionIds, int length, IntPtr results);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, EntryPoint = "RequestFunctionNames")] public static extern int RequestFunctionNamesKeeping(UIntPtr[] functionIds, int length, ref IntPtr results);

        public static string Home => Environment.GetEnvironmentVariable("CORECLR_NEW_RELIC_HOME");
        public static string Extension(string name) => Path.Combine(Home, "extensions", name);

        /// <summary>The agent's assembly has the library beside it; this program's has not.</summary>
        public static void TakeFromHome() => NativeLibrary.SetDllImportResolver(Assembly.GetExecutingAssembly(),
            (name, assembly, path) => name == Library ? NativeLibrary.Load(Path.Combine(Home, "libNewRelicProfiler.so")) : IntPtr.Zero);

        public sealed class Record
        {
            public ulong Thread;
            public int Error, Count;
            public UIntPtr[] Functions = Array.Empty<UIntPtr>();
        }

        /// <summary>Walks the records field by field: id, error, count, and a pointer to the ids unless the error is negative.</summary>
        public static unsafe Record[] Read(IntPtr snapshots, int length)
        {
            var records = new Record[length];
            byte* at = (byte*)snapshots;
            for (int i = 0; i < length; i++)
            {
                var record = records[i] = new Record();
                record.Thread = (ulong)*(UIntPtr*)at; at += sizeof(UIntPtr);
                record.Error = *(int*)at; at += 4;
                record.Count = *(int*)at; at += 4;
                UIntPtr* ids = *(UIntPtr**)at; at += sizeof(UIntPtr*);
                if (record.Error < 0 || record.Count == 0)
                {
                    if (ids != null) throw new InvalidOperationException("ids although there are none");
                    continue;
                }
                record.Functions = new UIntPtr[record.Count];
                for (int k = 0; k < record.Count; k++) record.Functions[k] = ids[k];
            }
            return records;
        }

        [StructLayout(LayoutKind.Sequential)]
        struct FunctionName
        {
            public UIntPtr Id;
            [MarshalAs(UnmanagedType.LPWStr)] public string Type;
            [MarshalAs(UnmanagedType.LPWStr)] public string Method;
        }

        public static string[] Names(params UIntPtr[] ids)
        {
            int hr = RequestFunctionNames(ids, ids.Length, out IntPtr results);
            if (hr != 0) return new[] { "RequestFunctionNames returned " + hr.ToString("x8") };
            var names = new string[ids.Length];
            for (int i = 0; i < ids.Length; i++)
            {
                var name = Marshal.PtrToStructure<FunctionName>(results + i * Marshal.SizeOf<FunctionName>());
                if (name.Id != ids[i]) throw new InvalidOperationException("a name for another function");
                names[i] = name.Type + "." + name.Method;
            }
            return names;
        }

        /// <summary>One sample, copied and released.</summary>
        public static Record[] Sample()
        {
            int hr = RequestProfile(out IntPtr snapshots, out int length);
            if (hr != 0) throw new InvalidOperationException("RequestProfile returned " + hr.ToString("x8"));
            try { return Read(snapshots, length); }
            finally { ReleaseProfile(); }
        }
    }
}
