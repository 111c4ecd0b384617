using System;
using System.Collections.Generic;
using System.Linq;
using System.Net.Http;
using System.Runtime.CompilerServices;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;
using NewRelic.Api.Agent;
using NewRelicApi = NewRelic.Api.Agent.NewRelic;

namespace Contoso
{
    /// <summary>Found by attributes, by a rule file, and by a rule that comes from the collector while the process runs.</summary>
    public class Shop
    {
        [Trace, MethodImpl(MethodImplOptions.NoInlining)] public int Price(string what) => what.Length;
        [Trace, MethodImpl(MethodImplOptions.NoInlining)] public async Task<int> PriceAsync(string what) { await Task.Delay(2); return what.Length; }
        [MethodImpl(MethodImplOptions.NoInlining)] public int ByRule(int x) => x >= 0 ? x : throw new ArgumentException("negative");
        [MethodImpl(MethodImplOptions.NoInlining)] public int Live(int x) => x + 1;
        [Transaction, MethodImpl(MethodImplOptions.NoInlining)] public static void Background() { }
    }

    public static class Program
    {
        static string s_address;

        static async Task<string> Work(int n)
        {
            var shop = new Shop();
            int sum = shop.Price("chair") + await shop.PriceAsync("table") + shop.ByRule(n) + shop.Live(n);
            NewRelicApi.RecordMetric("Custom/Shop", 1.5f);
            NewRelicApi.RecordResponseTimeMetric("Custom/Time", 12);
            NewRelicApi.IncrementCounter("Custom/Count");
            NewRelicApi.NoticeError(new InvalidOperationException("noticed"));
            NewRelicApi.NoticeError("text", new Dictionary<string, object> { ["a"] = 1 }, true);
            NewRelicApi.RecordCustomEvent("Shopping", new Dictionary<string, object> { ["sum"] = sum });
            NewRelicApi.GetAgent().CurrentTransaction.AddCustomAttribute("n", n);
            using var client = new HttpClient();
            string inner = await client.GetStringAsync(s_address + "/inner");
            return sum + " " + inner + ", a header " + (NewRelicApi.GetBrowserTimingHeader().Length > 0) + ", a trace id of " + NewRelicApi.GetAgent().TraceMetadata.TraceId.Length;
        }

        public static async Task<int> Main(string[] args)
        {
            var builder = WebApplication.CreateBuilder();
            builder.Logging.ClearProviders();
            var app = builder.Build();
            app.MapGet("/shop/{n}", (int n) => Work(n));
            app.MapGet("/inner", () => "inner");
            app.Urls.Add("http://127.0.0.1:0");
            await app.StartAsync();
            s_address = app.Urls.First();
            using var client = new HttpClient();
            // There is a header when the agent has talked to the collector; its rule arrives then, and takes a moment.
            string answer = "";
            DateTime end = DateTime.UtcNow.AddSeconds(int.Parse(args[0]));
            for (int after = 0; after < 200 && DateTime.UtcNow < end; await Task.Delay(100))
            {
                answer = await client.GetStringAsync(s_address + "/shop/7");
                Shop.Background();
                if (answer.Contains("header True")) after++;
            }
            Console.WriteLine(answer);
            await app.StopAsync();
            return 0;
        }
    }
}
