-- The names by which a process is accepted or refused (reference/newrelic-config.md section 8).
--
-- This file is compiled into the library: it holds one table of lists of texts and nothing else, and
-- a text holds no backslash, quotation mark or semicolon. Adding a name to a list needs no C.
-- All comparisons ignore the case of ASCII letters.

return {
  -- .NET Framework only -----------------------------------------------------------------------

  -- 8.3.2: a path that ends so is never instrumented. The name is part of the log line.
  ignored_processes = { "SMSvcHost.exe" },

  -- 8.3.7: a path that ends so is instrumented without being configured.
  default_processes = {
    "WEBDEV.WEBSERVER40.EXE", -- Visual Studio's web server
    "WEBDEV.WEBSERVER20.EXE",
    "INETINFO.EXE",           -- IIS 5
    "WAWORKERHOST.EXE",       -- Azure worker roles
    "WAWEBHOST.EXE",          -- Azure web roles
    "WCFSVCHOST.EXE",         -- WCF test host
    "ASPNET_WP.EXE",          -- IIS 5 worker process
    "IISEXPRESS.EXE",
    "DOTNET.EXE",
  },

  -- .NET Core only ----------------------------------------------------------------------------

  -- 8.2.2: a piece of the command line that ends so, behind nothing or one of blank / \ ' and the
  -- quotation mark, is the dotnet command. Each may be followed by an apostrophe or quotation mark.
  dotnet_names = { "dotnet", "dotnet.exe" },

  -- 8.2.2: the piece behind it, for which the process is refused.
  dotnet_commands = { "run", "publish", "restore", "new" },

  -- 8.2.3: a command line that contains one of these is refused.
  refused_command_lines = {
    "MSBuild.dll",
    "Kudu.Services.Web",
    "kuduagent.dll", -- Kudu in newer Linux App Services
    "./DiagServer",  -- runs every five minutes there
  },

  -- Both --------------------------------------------------------------------------------------

  -- 8.2.4: a process or parent process that ends so is IIS; the application pool decides.
  iis_processes = { "W3WP.EXE" },

  -- 8.1, Azure Functions: part of the command line or path of the host, which is refused.
  functions_hosts = { "/azure-functions-host/Microsoft.Azure.WebJobs.Script.WebHost" },
  -- 8.1: ends of paths that are instrumented, then of those that are not.
  functions_workers = { "FUNCTIONSNETHOST.EXE" },
  functions_tools = { "FUNC.EXE" },
  -- 8.1: parts of the command line of a worker, in this order. The text is part of the log line.
  functions_arguments = { "--functions-worker-id", "--worker-id" },
}
