using System;
using System.Linq;
using System.Net.Http;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace Contoso
{
    /// <summary>A minimal API that asks itself once, prints the answer and stops.</summary>
    public static class Program
    {
        public static string Greet(string name, int times) => string.Concat(Enumerable.Repeat("hello " + name + "; ", times)).Trim();

        public static async Task<int> Main(string[] args)
        {
            var builder = WebApplication.CreateBuilder(args);
            builder.Logging.ClearProviders();
            var app = builder.Build();
            app.MapGet("/greet/{name}", (string name) => Greet(name, 2));
            app.Urls.Add("http://127.0.0.1:0");   // the system chooses the port
            await app.StartAsync();
            using (var client = new HttpClient())
                Console.WriteLine("the application got: " + await client.GetStringAsync(app.Urls.First() + "/greet/web"));
            await app.StopAsync();
            return 0;
        }
    }
}
