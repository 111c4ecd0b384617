-- Every HTTP request that the process sends: HttpClient, and what else there is, ends in this handler. Its task ends when the
-- response's headers are there.
tracer { name = "Contoso.HttpSpan" }
  match { assembly = "System.Net.Http", class = "System.Net.Http.SocketsHttpHandler",
          "SendAsync(System.Net.Http.HttpRequestMessage,System.Threading.CancellationToken)" }
