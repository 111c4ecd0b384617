using System;
using System.Collections.Generic;
using System.Linq;
using Autofac;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

namespace Bench
{
    interface IPrices { decimal Of(string item); }
    sealed class Prices : IPrices { public decimal Of(string item) => item.Length * 1.25m; }
    sealed class Line { public string Item; public int Count; public decimal Price; }
    sealed class Order
    {
        public int Id;
        public DateTime At;
        public string[] Tags;
        public List<Line> Lines = new List<Line>();
        public Dictionary<string, object> More = new Dictionary<string, object>();
    }

    sealed class Shop
    {
        readonly IPrices _prices;
        public Shop(IPrices prices) => _prices = prices;
        public Order Sell(int id, params string[] items) => new Order
        {
            Id = id,
            At = new DateTime(2024, 5, 6, 7, 8, 9, DateTimeKind.Utc),
            Tags = new[] { "a", "b" },
            Lines = items.Select((item, i) => new Line { Item = item, Count = i + 1, Price = _prices.Of(item) }).ToList(),
            More = { ["note"] = "none", ["weight"] = 1.5 },
        };
    }

    /// <summary>A container is built, orders are made, written as JSON, read back and searched: once, as at the start of a program.</summary>
    static class Libraries
    {
        static void Main()
        {
            var builder = new ContainerBuilder();
            builder.RegisterType<Prices>().As<IPrices>().SingleInstance();
            builder.RegisterType<Shop>().InstancePerLifetimeScope();
            using IContainer container = builder.Build();
            using ILifetimeScope scope = container.BeginLifetimeScope();
            var orders = new List<Order> { scope.Resolve<Shop>().Sell(1, "apple", "pear"), scope.Resolve<Shop>().Sell(2, "plum") };
            string text = JsonConvert.SerializeObject(orders, Formatting.Indented);
            List<Order> back = JsonConvert.DeserializeObject<List<Order>>(text);
            JArray tree = JArray.Parse(text);
            decimal sum = tree.SelectTokens("$[*].Lines[?(@.Count > 0)].Price").Sum(price => (decimal)price);
            if (back.Count != 2 || sum != back.SelectMany(o => o.Lines).Sum(l => l.Price)) throw new InvalidOperationException("the orders differ: " + text);
            Console.WriteLine("hello " + sum);
        }
    }
}
