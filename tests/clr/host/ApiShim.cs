using System;
using System.Linq;

namespace Clr
{
    /// <summary>Calls of NewRelic.Api.Agent.NewRelic arrive at AgentApi; where that fails, the API's own body runs.</summary>
    static class ApiShim
    {
        static readonly Lazy<Run> s_run = new Lazy<Run>(() => Run.Start("api"));

        static void Arrives(string name, string line) => Suite.Test("API: " + name, () =>
            Check.Equal(1, s_run.Value.Alive().Api.Count(l => l == "api " + line), "calls of " + line + " among " + string.Join("; ", s_run.Value.Api)));

        static void Prints(string name, string line) => Suite.Test("API: " + name, () =>
        {
            Check.That(s_run.Value.Alive().Api.Count > 0, "no call arrived at AgentApi");
            Check.Contains(line + "\n", s_run.Value.Output, "the output");
        });

        public static void Register()
        {
            Arrives("two strings", "SetTransactionName args=[\"category\", \"name\"]");
            Arrives("an overload by its parameter types", "NoticeError args=[<System.InvalidOperationException>]");
            Arrives("the other overload, a null argument", "NoticeError args=[\"message\", null]");
            Arrives("a value type is boxed", "RecordMetric args=[\"metric\", 1.5]");
            Arrives("no parameters", "IgnoreTransaction args=[]");
            Arrives("a method with a result", "GetBrowserTimingHeader args=[]");
            Prints("the result comes from the agent", "header <!-- stand-in -->");
            Prints("a method the agent does not have keeps its default", "trace id no trace");
            Prints("the body runs when the agent throws", "application name ArgumentException no agent takes the name n (Parameter 'name')");
            Prints("GetAgent is left alone", "agent NoAgent");
            Suite.Test("API: the log names the methods, and the one that does not end in a return", () =>
            {
                Run run = s_run.Value.Alive();
                Check.Equal(8, run.Log.Split('\n').Count(l => l.Contains("Instrumenting API method: ")), "lines");
                Check.Equal(1, run.Log.Split('\n').Count(l => l.StartsWith("[Error]")), "errors");
                Check.That(run.Log.Split('\n').Any(l => l.Contains("Unexpected instruction in method ") && l.EndsWith(".SetApplicationName(System.String)")), run.Log);
                Check.That(!run.Api.Any(l => l.StartsWith("api GetAgent")), "GetAgent arrived at AgentApi");
            });
        }
    }
}
