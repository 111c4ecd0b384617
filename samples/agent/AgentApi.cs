using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;

namespace NewRelic.Agent.Core
{
    /// <summary>Where calls of the public API (NewRelic.Api.Agent.NewRelic) arrive: same method names, same parameter types. Each prints which
    /// overload it is and what it was given. A method that is missing here, or throws, leaves the API's own body in charge.</summary>
    public static class AgentApi
    {
        static readonly KeyValuePair<string, string>[] s_metadata = { new KeyValuePair<string, string>("newrelic", "stand-in") };

        public static void RecordMetric(string name, float value) => Call(MethodBase.GetCurrentMethod(), name, value);
        public static void RecordResponseTimeMetric(string name, long millis) => Call(MethodBase.GetCurrentMethod(), name, millis);
        public static void IncrementCounter(string name) => Call(MethodBase.GetCurrentMethod(), name);

        public static void NoticeError(Exception exception) => Call(MethodBase.GetCurrentMethod(), exception);
        public static void NoticeError(Exception exception, IDictionary<string, string> attributes) => Call(MethodBase.GetCurrentMethod(), exception, attributes);
        public static void NoticeError(Exception exception, IDictionary<string, object> attributes) => Call(MethodBase.GetCurrentMethod(), exception, attributes);
        public static void NoticeError(string message, IDictionary<string, string> attributes) => Call(MethodBase.GetCurrentMethod(), message, attributes);
        public static void NoticeError(string message, IDictionary<string, object> attributes) => Call(MethodBase.GetCurrentMethod(), message, attributes);
        public static void NoticeError(string message, IDictionary<string, string> attributes, bool isExpected) => Call(MethodBase.GetCurrentMethod(), message, attributes, isExpected);
        public static void NoticeError(string message, IDictionary<string, object> attributes, bool isExpected) => Call(MethodBase.GetCurrentMethod(), message, attributes, isExpected);

        public static void SetTransactionName(string category, string name) => Call(MethodBase.GetCurrentMethod(), category, name);
        public static void SetTransactionUri(Uri uri) => Call(MethodBase.GetCurrentMethod(), uri);
        public static void IgnoreTransaction() => Call(MethodBase.GetCurrentMethod());
        public static void IgnoreApdex() => Call(MethodBase.GetCurrentMethod());
        public static void AddCustomParameter(string key, IConvertible value) => Call(MethodBase.GetCurrentMethod(), key, value);
        public static void AddCustomParameter(string key, string value) => Call(MethodBase.GetCurrentMethod(), key, value);
        public static void SetUserParameters(string userName, string accountName, string productName) => Call(MethodBase.GetCurrentMethod(), userName, accountName, productName);
        public static void RecordCustomEvent(string eventType, IEnumerable<KeyValuePair<string, object>> attributes) => Call(MethodBase.GetCurrentMethod(), eventType, attributes);
        public static void RecordLlmFeedbackEvent(string traceId, object rating, string category, string message, IDictionary<string, object> metadata) =>
            Call(MethodBase.GetCurrentMethod(), traceId, rating, category, message, metadata);

        public static void DisableBrowserMonitoring(bool overrideManual) => Call(MethodBase.GetCurrentMethod(), overrideManual);
        public static void StartAgent() => Call(MethodBase.GetCurrentMethod());
        public static void SetErrorGroupCallback(Func<IReadOnlyDictionary<string, object>, string> callback) => Call(MethodBase.GetCurrentMethod(), callback);
        public static void SetLlmTokenCountingCallback(Func<string, string, int> callback) => Call(MethodBase.GetCurrentMethod(), callback);

        public static string GetBrowserTimingHeader() => Call(MethodBase.GetCurrentMethod(), "<!-- stand-in -->", new object[0]);
        public static string GetBrowserTimingHeader(string nonce) => Call(MethodBase.GetCurrentMethod(), "<!-- stand-in " + nonce + " -->", new object[] { nonce });
        public static string GetBrowserTimingFooter() => Call(MethodBase.GetCurrentMethod(), "<!-- end -->", new object[0]);
        public static IEnumerable<KeyValuePair<string, string>> GetRequestMetadata() => Call(MethodBase.GetCurrentMethod(), s_metadata, new object[0]);
        public static IEnumerable<KeyValuePair<string, string>> GetResponseMetadata() => Call(MethodBase.GetCurrentMethod(), s_metadata.Concat(s_metadata), new object[0]);

        /// <summary>The profiler leaves the API's GetAgent alone, so this is never called.</summary>
        public static object GetAgent() => Call(MethodBase.GetCurrentMethod(), (object)null, new object[0]);

        /// <summary>A call that fails: the API's own body must run instead.</summary>
        public static void SetApplicationName(string name, string second, string third) => throw new InvalidOperationException("the stand-in has no application name");

        static void Call(MethodBase method, params object[] arguments) => Call(method, 0, arguments);

        static T Call<T>(MethodBase method, T result, object[] arguments)
        {
            string types = string.Join(",", method.GetParameters().Select(p => Output.Name(p.ParameterType)));
            AgentShim.Print("api " + method.Name + "(" + types + ") args=" + Output.Text(arguments));
            return result;
        }
    }
}
