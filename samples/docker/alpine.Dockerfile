# The profiler beside an application on Alpine (musl). Build context: a directory with
#   app/        the published application (dotnet publish), its entry point Contoso.Console.dll
#   newrelic/   the agent's home: newrelic.config, extensions/, NewRelic.Agent.Core.dll and the rest of the agent
#   nrprof.tar.gz   the archive nrprof-*-linux-x64.tar.gz or nrprof-*-linux-arm64.tar.gz, renamed
FROM mcr.microsoft.com/dotnet/runtime:10.0-alpine
COPY newrelic/ /usr/local/newrelic-dotnet-agent/
ADD nrprof.tar.gz /opt/
# The same archive as on Debian: one library serves both. It replaces the C++ one where the managed agent looks for it.
RUN mv /opt/nrprof-*/ /opt/nrprof/ && cp /opt/nrprof/libNewRelicProfiler.so /usr/local/newrelic-dotnet-agent/
COPY app/ /app/
ENV CORECLR_ENABLE_PROFILING="1" \
    CORECLR_PROFILER="{36032161-FFC0-4B61-B559-F6C5D41BAE5A}" \
    CORECLR_PROFILER_PATH="/usr/local/newrelic-dotnet-agent/libNewRelicProfiler.so" \
    CORECLR_NEW_RELIC_HOME="/usr/local/newrelic-dotnet-agent"
ENTRYPOINT ["dotnet", "/app/Contoso.Console.dll"]
