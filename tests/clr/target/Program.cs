using System;

namespace Clr
{
    public static class Program
    {
        static int Main(string[] args)
        {
            switch (args[0])
            {
                case "one": Console.WriteLine(Shapes.Add(2, 3)); break;
                case "shapes": Scenarios.Shapes(); break;
                case "api": Scenarios.Api(); break;
                case "emit": Scenarios.Emit(); break;
                case "contexts": Scenarios.Contexts(args[1], int.Parse(args[2])); break;
                case "collectible": Scenarios.Collectible(args[1], int.Parse(args[2])); break;
                case "threads": Scenarios.Threads(int.Parse(args[1])); break;
                default: Console.WriteLine("no scenario " + args[0]); return 2;
            }
            Console.WriteLine("done");
            return 0;
        }
    }
}
