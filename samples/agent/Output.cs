using System;
using System.Globalization;
using System.IO;
using System.Text;

namespace NewRelic.Agent.Core
{
    /// <summary>Lines to standard output, or to the file that NRPROF_STANDIN_OUT names (appended to, flushed line by line).</summary>
    static class Output
    {
        static readonly object s_lock = new object();
        static TextWriter s_writer;

        public static void Line(string text)
        {
            lock (s_lock)
            {
                s_writer ??= Open();
                s_writer.WriteLine(text);
                s_writer.Flush();
            }
        }

        static TextWriter Open()
        {
            string path = Environment.GetEnvironmentVariable("NRPROF_STANDIN_OUT");
            if (string.IsNullOrEmpty(path)) return Console.Out;
            return new StreamWriter(new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite));
        }

        /// <summary>A value as text. Never calls ToString of a class that is not known here: it might be instrumented, throw, or have effects.</summary>
        public static string Text(object value)
        {
            switch (value)
            {
                case null: return "null";
                case string s: return Quote(s);
                case char c: return Quote(c.ToString());
                case Type t: return "<" + Name(t) + ">";
                case Enum e: return e.GetType().Name + "." + e;
                case object[] array when array.GetType() == typeof(object[]): return Join(array);
                case Array array: return "<" + Name(array.GetType()) + " of " + array.Length + ">";
                case IConvertible n when n.GetType().IsPrimitive || n is decimal: return n.ToString(CultureInfo.InvariantCulture);
                default: return "<" + Name(value.GetType()) + ">";
            }
        }

        // Type.FullName spells out the assembly of every generic argument.
        public static string Name(Type type)
        {
            if (type.IsArray) return Name(type.GetElementType()) + "[" + new string(',', type.GetArrayRank() - 1) + "]";
            if (!type.IsConstructedGenericType) return type.FullName ?? type.Name;
            var text = new StringBuilder(type.GetGenericTypeDefinition().FullName).Append('[');
            foreach (Type argument in type.GetGenericArguments()) text.Append(Name(argument)).Append(',');
            return text.Append(']').Replace(",]", "]").ToString();
        }

        static string Join(object[] values)
        {
            var text = new StringBuilder("[");
            for (int i = 0; i < values.Length; i++) text.Append(i == 0 ? "" : ", ").Append(Text(values[i]));
            return text.Append(']').ToString();
        }

        static string Quote(string s) =>
            "\"" + s.Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n").Replace("\r", "\\r") + "\"";
    }
}
