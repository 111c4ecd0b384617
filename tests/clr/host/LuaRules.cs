using System;
using System.IO;
using System.Linq;
using System.Text;
using System.Xml.Linq;

namespace Clr
{
    /// <summary>The rules of target.xml written as a .lua file give the same calls.</summary>
    static class LuaRules
    {
        static string Field(XElement element, string attribute, string field)
        {
            string value = element.Attribute(attribute)?.Value;
            return value == null ? "" : field + " = " + (value is "true" or "false" || int.TryParse(value, out _) ? value : "\"" + value + "\"") + ", ";
        }

        static string Method(XElement matcher)
        {
            string name = matcher.Attribute("methodName").Value, parameters = matcher.Attribute("parameters")?.Value;
            return "\"" + name + (parameters == null ? "" : "(" + parameters + ")") + "\"";
        }

        static string Translate(string xml)
        {
            var lua = new StringBuilder();
            foreach (XElement tracer in XDocument.Parse(xml).Descendants().Where(e => e.Name.LocalName == "tracerFactory"))
            {
                lua.Append("tracer { ").Append(Field(tracer, "name", "name")).Append(Field(tracer, "metricName", "metric_name")).Append(Field(tracer, "metric", "metric"))
                    .Append(Field(tracer, "level", "level")).Append(Field(tracer, "suppressRecursiveCalls", "suppress_recursive_calls"))
                    .Append(Field(tracer, "transactionTraceSegment", "transaction_trace_segment")).Append(Field(tracer, "transactionNamingPriority", "transaction_naming_priority"))
                    .Append(Field(tracer, "enabled", "enabled")).Append("}\n");
                foreach (XElement match in tracer.Elements())
                    foreach (string type in match.Attribute("className").Value.Split(','))
                        lua.Append("  match { ").Append(Field(match, "assemblyName", "assembly")).Append("class = \"").Append(type).Append("\", ")
                            .Append(Field(match, "minVersion", "min")).Append(Field(match, "maxVersion", "max"))
                            .Append(string.Join(", ", match.Elements().Select(Method))).Append(" }\n");
            }
            return lua.ToString();
        }

        static string Told(Run run) => string.Join("\n", run.Alive().Calls.Select(c => c.Method + " " + c.Arguments + " " + c.Point + " type=" + c.Type + " " + c.Finish));

        const string Wide = @"
tracer { name = 'W:names' }
  match { assembly = 'Clr.*', class = 'Clr.Shapes', 'Over(*)', 'N*', except = { 'Nothing', 'Numbers' } }
tracer { name = 'W:facts', metric_name = function(m) return 'Custom/' .. m.class .. '/' .. m.return_type end }
  match { assembly = 'Clr.Target', class = '*', 'Greet*', 'Long*', where = function(m) return m.is_public and m.il_size < 30 end }
tracer { name = 'W:kin' }
  match { assembly = 'Clr.*', extends = 'Clr.Thing', 'Turn' }
  match { assembly = 'Clr.*', implements = 'Clr.IThing', '*Do' }
";

        public static void Register()
        {
            Suite.Test("the same rules as a .lua file", Same);
            Suite.Test("wildcards, facts, base classes and interfaces", () =>
            {
                if (Suite.Reference) throw new Skipped("the C++ profiler has no Lua rules");
                Run run = Run.Start("shapes", s =>
                {
                    File.Delete(s.Extension("target.xml"));
                    File.WriteAllText(s.Extension("wide.lua"), Wide);
                }).Alive();
                string[] Of(string factory) => run.Calls.Where(c => c.Point.Contains("factory=\"" + factory + "\"")).Select(c => c.Method).Distinct().OrderBy(m => m, StringComparer.Ordinal).ToArray();
                const string shapes = "[Clr.Target]Clr.Shapes.";
                Check.Equal(shapes + "NotWeb() " + shapes + "Null(System.String) " + shapes + "Nullable(System.Nullable`1[System.Int32]) " + shapes + "Over(System.Int32) " + shapes + "Over(System.String)",
                    string.Join(" ", Of("W:names")), "methods by name");
                Check.Equal("[Clr.Target]Clr.IGreeter.Greet(System.String) " + shapes + "Greet(System.String) " + shapes + "Long(System.Int64)", string.Join(" ", Of("W:facts")), "methods by facts");
                Check.Equal("[Clr.Target]Clr.Thing.Clr.IThing.Do(System.Int32) [Clr.Target]Clr.TurningThing.Turn()", string.Join(" ", Of("W:kin")), "methods by base class and interface");
                Check.That(run.Calls.Any(c => c.Point.Contains("metric=\"Custom/Clr.Shapes/System.Int64\"")), "the metric is not computed: " + run.Calls.Last().Point);
            });
        }

        static void Same()
        {
            if (Suite.Reference) throw new Skipped("the C++ profiler has no Lua rules");
            string rules = Path.Combine(Suite.Rules, "target.xml");
            Run lua = Run.Start("shapes", s =>
            {
                File.Delete(s.Extension("target.xml"));
                File.WriteAllText(s.Extension("target.lua"), Translate(File.ReadAllText(rules)));
            });
            Check.That(lua.Alive().Calls.Count > 50, "nothing was instrumented: " + lua.Log);
            Check.Equal(Told(Run.Start("shapes")), Told(lua), "calls");
        }
    }
}
