using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace NewRelic.Api.Agent
{
    public interface IAgent
    {
    }

    /// <summary>Without the profiler every method traces its call and returns a default; with it, the call goes to AgentApi.
    /// A method that is inlined into its caller is never compiled by itself, and the profiler would miss it.</summary>
    public static class NewRelic
    {
        sealed class NoAgent : IAgent
        {
        }

        static readonly IAgent s_noAgent = new NoAgent();

        public static IAgent GetAgent() => s_noAgent;

        [MethodImpl(MethodImplOptions.NoInlining)]
        public static void SetTransactionName(string category, string name) => Trace.WriteLine($"NewRelic.SetTransactionName({category},{name})");

        [MethodImpl(MethodImplOptions.NoInlining)]
        public static void NoticeError(Exception exception) => Trace.WriteLine($"NewRelic.NoticeError({exception})");

        [MethodImpl(MethodImplOptions.NoInlining)]
        public static void NoticeError(string message, IDictionary<string, string> parameters) => Trace.WriteLine($"NewRelic.NoticeError({message})");

        [MethodImpl(MethodImplOptions.NoInlining)]
        public static void RecordMetric(string name, float value) => Trace.WriteLine($"NewRelic.RecordMetric({name},{value})");

        [MethodImpl(MethodImplOptions.NoInlining)]
        public static void IgnoreTransaction() => Trace.WriteLine("NewRelic.IgnoreTransaction()");

        [MethodImpl(MethodImplOptions.NoInlining)]
        public static void SetApplicationName(string name) => throw new ArgumentException("no agent takes the name " + name, nameof(name));

        [MethodImpl(MethodImplOptions.NoInlining)]
        public static string GetBrowserTimingHeader()
        {
            Trace.WriteLine("NewRelic.GetBrowserTimingHeader()");
            return string.Empty;
        }

        /// <summary>AgentApi has no such method: the default stays.</summary>
        [MethodImpl(MethodImplOptions.NoInlining)]
        public static string GetTraceId()
        {
            Trace.WriteLine("NewRelic.GetTraceId()");
            return "no trace";
        }
    }
}
