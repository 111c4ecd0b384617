using System;
using System.Threading;

namespace NewRelic.Agent.Core
{
    /// <summary>What instrumented methods call. The profiler finds it by these names, through reflection.</summary>
    public static class AgentShim
    {
        static long s_number;

        // Printing may run instrumented methods of the framework. They must neither print in turn nor wait for the printer.
        [ThreadStatic] static bool t_busy;

        /// <summary>Called when an instrumented method starts. What it returns is called when the method ends: with
        /// (result, null) or (null, exception); null means nobody wants to know.</summary>
        public static Action<object, Exception> GetFinishTracerDelegate(
            string tracerFactoryName, uint tracerArguments, string metricName, string assemblyName, Type type, string typeName,
            string methodName, string argumentSignature, object invocationTarget, object[] args, ulong functionId)
        {
            if (t_busy) return null;
            t_busy = true;
            try
            {
                string id = "#" + Interlocked.Increment(ref s_number);
                string method = "[" + assemblyName + "]" + typeName + "." + methodName + "(" + argumentSignature + ")";
                Output.Line("start " + id + " " + method
                    + " this=" + Output.Text(invocationTarget) + " args=" + Output.Text(args)
                    + " flags=0x" + tracerArguments.ToString("x8") + " factory=" + Output.Text(tracerFactoryName)
                    + " metric=" + Output.Text(metricName) + " type=" + Output.Text(type)
                    + " function=" + (functionId == 0 ? "none" : "0x" + functionId.ToString("x")));
                return (result, exception) => Finish(id, method, result, exception);
            }
            finally { t_busy = false; }
        }

        static void Finish(string id, string method, object result, Exception exception)
        {
            if (t_busy) return;
            t_busy = true;
            try
            {
                Output.Line("finish " + id + " " + method + (exception == null
                    ? " result=" + Output.Text(result)
                    : " exception=" + exception.GetType().FullName + " " + Output.Text(exception.Message)));
            }
            finally { t_busy = false; }
        }

        /// <summary>For <see cref="AgentApi"/>: one line, unless this thread is printing already.</summary>
        internal static void Print(string line)
        {
            if (t_busy) return;
            t_busy = true;
            try { Output.Line(line); }
            finally { t_busy = false; }
        }
    }
}
