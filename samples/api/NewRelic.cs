using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace NewRelic.Api.Agent
{
    public interface IAgent
    {
    }

    /// <summary>Outside of the class below, whose methods are all rewritten, private ones as well.</summary>
    static class Default
    {
        public static void Write(string call) => Trace.WriteLine("NewRelic." + call);
    }

    /// <summary>Without the profiler every method traces its call and returns a default; with it, the call goes to AgentApi: the method of
    /// the same name and parameter types. One that is inlined into its caller is never compiled by itself, and the profiler would miss it.</summary>
    public static class NewRelic
    {
        const MethodImplOptions Apart = MethodImplOptions.NoInlining;

        sealed class NoAgent : IAgent
        {
        }

        static readonly IAgent s_noAgent = new NoAgent();
        static readonly KeyValuePair<string, string>[] s_noMetadata = { };

        /// <summary>The profiler leaves this one alone.</summary>
        public static IAgent GetAgent() => s_noAgent;

        [MethodImpl(Apart)] public static void RecordMetric(string name, float value) => Default.Write($"RecordMetric({name},{value})");
        [MethodImpl(Apart)] public static void RecordResponseTimeMetric(string name, long millis) => Default.Write($"RecordResponseTimeMetric({name},{millis})");
        [MethodImpl(Apart)] public static void IncrementCounter(string name) => Default.Write($"IncrementCounter({name})");

        [MethodImpl(Apart)] public static void NoticeError(Exception exception) => Default.Write($"NoticeError({exception})");
        [MethodImpl(Apart)] public static void NoticeError(Exception exception, IDictionary<string, string> attributes) => Default.Write($"NoticeError({exception},texts)");
        [MethodImpl(Apart)] public static void NoticeError(Exception exception, IDictionary<string, object> attributes) => Default.Write($"NoticeError({exception},objects)");
        [MethodImpl(Apart)] public static void NoticeError(string message, IDictionary<string, string> attributes) => Default.Write($"NoticeError({message},texts)");
        [MethodImpl(Apart)] public static void NoticeError(string message, IDictionary<string, object> attributes) => Default.Write($"NoticeError({message},objects)");
        [MethodImpl(Apart)] public static void NoticeError(string message, IDictionary<string, string> attributes, bool isExpected) => Default.Write($"NoticeError({message},texts,{isExpected})");
        [MethodImpl(Apart)] public static void NoticeError(string message, IDictionary<string, object> attributes, bool isExpected) => Default.Write($"NoticeError({message},objects,{isExpected})");

        [MethodImpl(Apart)] public static void SetTransactionName(string category, string name) => Default.Write($"SetTransactionName({category},{name})");
        [MethodImpl(Apart)] public static void SetTransactionUri(Uri uri) => Default.Write($"SetTransactionUri({uri})");
        [MethodImpl(Apart)] public static void IgnoreTransaction() => Default.Write("IgnoreTransaction()");
        [MethodImpl(Apart)] public static void IgnoreApdex() => Default.Write("IgnoreApdex()");
        [MethodImpl(Apart)] public static void AddCustomParameter(string key, IConvertible value) => Default.Write($"AddCustomParameter({key},{value})");
        [MethodImpl(Apart)] public static void AddCustomParameter(string key, string value) => Default.Write($"AddCustomParameter({key},{value})");
        [MethodImpl(Apart)] public static void SetUserParameters(string userName, string accountName, string productName) => Default.Write($"SetUserParameters({userName},{accountName},{productName})");
        [MethodImpl(Apart)] public static void RecordCustomEvent(string eventType, IEnumerable<KeyValuePair<string, object>> attributes) => Default.Write($"RecordCustomEvent({eventType})");
        [MethodImpl(Apart)] public static void RecordLlmFeedbackEvent(string traceId, object rating, string category = "", string message = "", IDictionary<string, object> metadata = null) => Default.Write($"RecordLlmFeedbackEvent({traceId})");

        [MethodImpl(Apart)] public static void DisableBrowserMonitoring(bool overrideManual = false) => Default.Write($"DisableBrowserMonitoring({overrideManual})");
        [MethodImpl(Apart)] public static void StartAgent() => Default.Write("StartAgent()");
        [MethodImpl(Apart)] public static void SetErrorGroupCallback(Func<IReadOnlyDictionary<string, object>, string> callback) => Default.Write("SetErrorGroupCallback()");
        [MethodImpl(Apart)] public static void SetLlmTokenCountingCallback(Func<string, string, int> callback) => Default.Write("SetLlmTokenCountingCallback()");
        /// <summary>No method that ends in a return: the profiler says so and wraps it all the same.</summary>
        [MethodImpl(Apart)] public static void SetApplicationName(string name, string second = null, string third = null) => throw new ArgumentException("no agent takes the name " + name, nameof(name));

        [MethodImpl(Apart)] public static string GetBrowserTimingHeader() { Default.Write("GetBrowserTimingHeader()"); return string.Empty; }
        [MethodImpl(Apart)] public static string GetBrowserTimingHeader(string nonce) { Default.Write($"GetBrowserTimingHeader({nonce})"); return string.Empty; }
        [MethodImpl(Apart)] public static string GetBrowserTimingFooter() { Default.Write("GetBrowserTimingFooter()"); return string.Empty; }
        [MethodImpl(Apart)] public static IEnumerable<KeyValuePair<string, string>> GetRequestMetadata() { Default.Write("GetRequestMetadata()"); return s_noMetadata; }
        [MethodImpl(Apart)] public static IEnumerable<KeyValuePair<string, string>> GetResponseMetadata() { Default.Write("GetResponseMetadata()"); return s_noMetadata; }

        /// <summary>AgentApi has no such method: the default stays.</summary>
        [MethodImpl(Apart)] public static string GetTraceId() { Default.Write("GetTraceId()"); return "no trace"; }
    }
}
