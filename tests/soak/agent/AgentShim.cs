using System;
using System.Threading;

namespace NewRelic.Agent.Core
{
    /// <summary>What instrumented methods call. The first call starts <see cref="Unrest"/>.</summary>
    public static class AgentShim
    {
        static readonly Action<object, Exception> s_finish = (result, exception) => Interlocked.Increment(ref s_finishes);
        static long s_starts, s_finishes;

        static AgentShim() => Unrest.Begin();

        public static long Starts => Interlocked.Read(ref s_starts);
        public static long Finishes => Interlocked.Read(ref s_finishes);

        public static Action<object, Exception> GetFinishTracerDelegate(
            string tracerFactoryName, uint tracerArguments, string metricName, string assemblyName, Type type, string typeName,
            string methodName, string argumentSignature, object invocationTarget, object[] args, ulong functionId)
        {
            Interlocked.Increment(ref s_starts);
            return s_finish;
        }
    }
}
