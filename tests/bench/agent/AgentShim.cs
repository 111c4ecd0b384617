using System;

namespace NewRelic.Agent.Core
{
    public static class AgentShim
    {
        public static Action<object, Exception> GetFinishTracerDelegate(
            string tracerFactoryName, uint tracerArguments, string metricName, string assemblyName, Type type, string typeName,
            string methodName, string argumentSignature, object invocationTarget, object[] args, ulong functionId) => null;
    }
}
