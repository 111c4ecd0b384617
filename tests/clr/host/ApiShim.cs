using System;
using System.Linq;

namespace Clr
{
    /// <summary>Calls of NewRelic.Api.Agent.NewRelic arrive at AgentApi; where that fails, the API's own body runs.</summary>
    static class ApiShim
    {
        static readonly Lazy<Run> s_run = new Lazy<Run>(() => Run.Start("api"));

        // One call, of the overload with these parameter types.
        static void Arrives(string method, string arguments) => Suite.Test("API: " + method, () =>
            Check.Equal(1, s_run.Value.Alive().Api.Count(l => l == "api " + method + " args=[" + arguments + "]"), "calls with [" + arguments + "] among " + string.Join("; ", s_run.Value.Api)));

        static void Prints(string name, string line) => Suite.Test("API: " + name, () =>
        {
            Check.That(s_run.Value.Alive().Api.Count > 0, "no call arrived at AgentApi");
            Check.Contains(line + "\n", s_run.Value.Output, "the output");
        });

        public static void Register()
        {
            const string S = "System.String", texts = "System.Collections.Generic.IDictionary`2[System.String,System.String]", objects = "System.Collections.Generic.IDictionary`2[System.String,System.Object]";
            const string error = "<System.InvalidOperationException>", someTexts = "<System.Collections.Generic.Dictionary`2[System.String,System.String]>", someObjects = "<System.Collections.Generic.Dictionary`2[System.String,System.Object]>";
            Arrives("RecordMetric(System.String,System.Single)", "\"metric\", 1.5");
            Arrives("RecordResponseTimeMetric(System.String,System.Int64)", "\"time\", 1099511627776");
            Arrives("IncrementCounter(System.String)", "\"counter\"");
            Arrives("NoticeError(System.Exception)", error);
            Arrives($"NoticeError(System.Exception,{texts})", $"{error}, {someTexts}");
            Arrives($"NoticeError(System.Exception,{objects})", $"{error}, {someObjects}");
            Arrives($"NoticeError({S},{texts})", $"\"message\", {someTexts}");
            Arrives($"NoticeError({S},{objects})", "\"message\", null");
            Arrives($"NoticeError({S},{texts},System.Boolean)", $"\"message\", {someTexts}, True");
            Arrives($"NoticeError({S},{objects},System.Boolean)", $"\"message\", {someObjects}, False");
            Arrives("SetTransactionName(System.String,System.String)", "\"category\", \"name\"");
            Arrives("SetTransactionUri(System.Uri)", "<System.Uri>");
            Arrives("IgnoreTransaction()", "");
            Arrives("IgnoreApdex()", "");
            Arrives("AddCustomParameter(System.String,System.IConvertible)", "\"key\", 12.5");
            Arrives("AddCustomParameter(System.String,System.String)", "\"key\", \"value\"");
            Arrives("SetUserParameters(System.String,System.String,System.String)", "\"user\", \"account\", null");
            Arrives("RecordCustomEvent(System.String,System.Collections.Generic.IEnumerable`1[System.Collections.Generic.KeyValuePair`2[System.String,System.Object]])", $"\"event\", {someObjects}");
            Arrives($"RecordLlmFeedbackEvent({S},System.Object,{S},{S},{objects})", $"\"trace\", 5, \"\", \"\", {someObjects}");
            Arrives("DisableBrowserMonitoring(System.Boolean)", "True");
            Arrives("StartAgent()", "");
            Arrives("SetErrorGroupCallback(System.Func`2[System.Collections.Generic.IReadOnlyDictionary`2[System.String,System.Object],System.String])",
                "<System.Func`2[System.Collections.Generic.IReadOnlyDictionary`2[System.String,System.Object],System.String]>");
            Arrives("SetLlmTokenCountingCallback(System.Func`3[System.String,System.String,System.Int32])", "<System.Func`3[System.String,System.String,System.Int32]>");
            Arrives("GetBrowserTimingHeader()", "");
            Arrives("GetBrowserTimingHeader(System.String)", "\"n\"");
            Arrives("GetBrowserTimingFooter()", "");
            Arrives("GetRequestMetadata()", "");
            Arrives("GetResponseMetadata()", "");
            Prints("a text from the agent", "header <!-- stand-in -->");
            Prints("a text from the agent, by an argument", "header with nonce <!-- stand-in n -->");
            Prints("another text from the agent", "footer <!-- end -->");
            Prints("an interface from the agent, an array", "request [newrelic, stand-in]");
            Prints("an interface from the agent, an iterator", "response [newrelic, stand-in]; [newrelic, stand-in]");
            Prints("a method the agent does not have keeps its default", "trace id no trace");
            Prints("the body runs when the agent throws", "application name ArgumentException no agent takes the name n (Parameter 'name')");
            Prints("GetAgent is left alone", "agent NoAgent");
            Suite.Test("API: the log names the methods, and the one that does not end in a return", () =>
            {
                Run run = s_run.Value.Alive();
                Check.Equal(30, run.Log.Split('\n').Count(l => l.Contains("Instrumenting API method: ")), "lines");
                Check.Equal(1, run.Log.Split('\n').Count(l => l.StartsWith("[Error]")), "errors");
                Check.That(run.Log.Split('\n').Any(l => l.Contains("Unexpected instruction in method ") && l.EndsWith(".SetApplicationName(System.String,System.String,System.String)")), run.Log);
                Check.That(!run.Api.Any(l => l.StartsWith("api GetAgent")), "GetAgent arrived at AgentApi");
            });
        }
    }
}
