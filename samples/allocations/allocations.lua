-- How many objects of a type are made: its constructors, each with the template in templates/count.lua.
tracer { template = "count" }
  match { assembly = "Contoso.Console", class = "Contoso.Cart", ".ctor" }
