using System;
using System.Collections.Generic;

namespace NewRelic.Agent.Core
{
    /// <summary>Where calls of the public API (NewRelic.Api.Agent.NewRelic) arrive: same method names, same parameter types.
    /// A method that is missing here, or throws, leaves the API's own body in charge.</summary>
    public static class AgentApi
    {
        public static void SetTransactionName(string category, string name) => Call("SetTransactionName", category, name);
        public static void NoticeError(Exception exception) => Call("NoticeError", exception);
        public static void NoticeError(string message, IDictionary<string, string> parameters) => Call("NoticeError", message, parameters);
        public static void RecordMetric(string name, float value) => Call("RecordMetric", name, value);
        public static void IgnoreTransaction() => Call("IgnoreTransaction");

        public static string GetBrowserTimingHeader()
        {
            Call("GetBrowserTimingHeader");
            return "<!-- stand-in -->";
        }

        /// <summary>The profiler leaves the API's GetAgent alone, so this is never called.</summary>
        public static object GetAgent()
        {
            Call("GetAgent");
            return null;
        }

        /// <summary>A call that fails: the API's own body must run instead.</summary>
        public static void SetApplicationName(string name) => throw new InvalidOperationException("the stand-in has no application name");

        static void Call(string method, params object[] arguments) => AgentShim.Print("api " + method + " args=" + Output.Text(arguments));
    }
}
