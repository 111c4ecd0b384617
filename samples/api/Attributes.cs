using System;

namespace NewRelic.Api.Agent
{
    /// <summary>Makes a method the start of a transaction, without any rule file.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    public sealed class TransactionAttribute : Attribute
    {
        public bool Web { get; set; }
    }

    /// <summary>Makes a method a segment of the running transaction, without any rule file.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    public sealed class TraceAttribute : Attribute
    {
    }
}
