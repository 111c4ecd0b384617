using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Threading.Tasks;
using NewRelic.Api.Agent;

namespace Contoso
{
    public class Cart
    {
        readonly Dictionary<string, int> _items = new Dictionary<string, int>();

        // extensions/shop.xml: both overloads of Add
        public int Add(string article) => Add(article, 1);

        public int Add(string article, int count)
        {
            _items.TryGetValue(article, out int before);
            return _items[article] = before + count;
        }

        // extensions/shop.xml, with the overload spelled out
        public decimal Total(decimal priceEach)
        {
            decimal total = 0;
            foreach (int count in _items.Values) total += count * priceEach;
            return total;
        }

        // extensions/shop.lua
        public async Task<string> CheckOutAsync(string customer)
        {
            if (_items.Count == 0) throw new InvalidOperationException("the cart of " + customer + " is empty");
            await Task.Yield();
            return "order for " + customer;
        }
    }

    public class Depot<TArticle>
    {
        public int Stock { get; set; } = 7;

        // extensions/shop.lua: a generic method of a generic type
        public int Reserve<TReason>(TArticle article, TReason reason)
        {
            if (Stock == 0) throw new InvalidOperationException("nothing left");
            return --Stock;
        }
    }

    public static class Program
    {
        // No rule file names this one: the attribute is enough. But a rule file is known when the module loads, while
        // attributes are looked at when a method is compiled, and a method that was inlined into its caller is not.
        [Transaction, MethodImpl(MethodImplOptions.NoInlining)]
        static async Task<string> Shop()
        {
            var cart = new Cart();
            cart.Add("apple");
            cart.Add("pear", 3);
            new Depot<string>().Reserve("pear", 'x');
            NewRelic.Api.Agent.NewRelic.SetTransactionName("Sample", "Shop");
            return await cart.CheckOutAsync("Ada") + " for " + cart.Total(0.5m).ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        [Trace]
        static void Refused()
        {
            try { new Cart().CheckOutAsync("Bob").GetAwaiter().GetResult(); }
            catch (InvalidOperationException e) { Console.WriteLine("the application caught: " + e.Message); }
            throw new NotSupportedException("thrown to show an exceptional finish");
        }

        static int Main()
        {
            Console.WriteLine("the application got: " + Shop().GetAwaiter().GetResult());
            try { Refused(); }
            catch (NotSupportedException e) { Console.WriteLine("the application caught: " + e.Message); }
            return 0;
        }
    }
}
