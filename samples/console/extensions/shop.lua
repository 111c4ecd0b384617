-- The same kind of rules as in shop.xml, written in Lua: what is an attribute of <tracerFactory> there is a field of tracer here.
tracer { name = "Contoso.OrderTracer", metric = "unscoped", transaction_naming_priority = 3 }
  match { assembly = "Contoso.Console", class = "Contoso.Cart",
          "CheckOutAsync(System.String)" }              -- one overload

tracer {}                                               -- all defaults
  match { assembly = "Contoso.Console", class = "Contoso.Depot`1",
          "Reserve",
          where = function(m) return not m.is_async end }  -- evaluated once, when the method matches
