using System;
using System.IO;
using System.Threading;

namespace Clr
{
    public static class Program
    {
        static int Main(string[] args)
        {
            if (args[0] != "exports-by-name") Exports.TakeFromHome();
            switch (args[0])
            {
                case "one": Console.WriteLine(Shapes.Add(2, 3)); break;
                case "attached":
                    Console.WriteLine(Shapes.Add(2, 3));
                    File.WriteAllText(Path.Combine(Exports.Home, "running"), "");
                    while (!File.Exists(Path.Combine(Exports.Home, "attached"))) Thread.Sleep(20);
                    Order.NotInitialised();
                    Console.WriteLine(Shapes.Add(2, 3));
                    break;
                case "nested-struct": Console.WriteLine(new Outer.Value { Number = 3 }.Get()); break;
                case "shapes": Scenarios.Shapes(); break;
                case "api": Scenarios.Api(); break;
                case "emit": Scenarios.Emit(); break;
                case "contexts": Scenarios.Contexts(args[1], int.Parse(args[2])); break;
                case "direct": Direct.Run(args[1], int.Parse(args[2])); break;
                case "collectible": Scenarios.Collectible(args[1], int.Parse(args[2])); break;
                case "threads": Scenarios.Threads(int.Parse(args[1])); break;
                case "exports": Order.NotInitialised(); break;
                case "exports-by-name": Order.ByName(); break;
                case "exports-bad": Order.Bad(); break;
                case "custom": Live.Custom(args.Length > 1); break;
                case "refresh": Live.Refresh(); break;
                case "reload": Live.Reload(args.Length > 1); break;
                case "load": Live.Load(int.Parse(args[1]), int.Parse(args[2])); break;
                case "flat": Live.Flat(int.Parse(args[1])); break;
                case "spans": Spans.Run(); break;
                case "crash": Spans.Crash(); break;
                case "switches": Switches.Run(); break;
                case "stacks": Stacks.Known(); break;
                case "stacks-busy": Stacks.Busy(int.Parse(args[1])); break;
                case "stacks-callers": Stacks.Callers(int.Parse(args[1]), int.Parse(args[2])); break;
                default: Console.WriteLine("no scenario " + args[0]); return 2;
            }
            Console.WriteLine("done");
            return 0;
        }
    }
}
