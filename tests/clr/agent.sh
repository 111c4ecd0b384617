#!/usr/bin/env bash
# agent.sh [PROFILER_SO] [--home DIR] [--against SO]: the real managed agent on top of the profiler (default: build/linux-x64). A web
# application (agent/) runs under it, with a collector of ours (agent/collector.py) at the other end: what the agent measured tells which
# methods were instrumented, API calls and live instrumentation included. The agent is the package NewRelic.Agent, or the home directory
# DIR; where neither is, this is skipped. --against runs the same under another profiler: the same metrics must arrive.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../scripts/lib.sh"
. "$here/../../samples/dotnet.sh"
profiler=$(library_of linux-x64) home='' against=''
while [ $# -gt 0 ]; do
    case $1 in
    --home) home=$(realpath "${2:?--home needs a directory}") && shift ;;
    --against) against=$(realpath "${2:?--against needs a library}") && shift ;;
    -*) die "unknown option $1 (usage: agent.sh [PROFILER_SO] [--home DIR] [--against SO])" ;;
    *) profiler=$1 ;;
    esac
    shift
done
skip() {
    say "skip the real managed agent: $1"
    say "0 passed, 0 failed, 1 skipped"
    exit 0
}
passed=0 failed=0
check() { # WHAT COMMAND...: passes when the command does
    local what=$1
    shift
    if "$@" >/dev/null; then
        say "PASS $what"
        passed=$((passed + 1))
    else
        say "FAIL $what"
        failed=$((failed + 1))
    fi
}
reason=$(need_dotnet) || skip "$reason"
for tool in python3 openssl; do command -v $tool >/dev/null || skip "no $tool on this machine"; done

# The package is only unpacked, so a project that wants it is enough.
work=${NRPROF_BUILD:-$root/build}/agent
rm -rf "$work" && mkdir -p "$work/package"
if [ -z "$home" ]; then
    cat >"$work/package/package.csproj" <<X
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><TargetFramework>netstandard2.0</TargetFramework></PropertyGroup>
  <ItemGroup><PackageReference Include="NewRelic.Agent" Version="*" /></ItemGroup>
</Project>
X
    output=$(dotnet restore "$work/package" --packages "$work/packages" -v q 2>&1) || skip "the package NewRelic.Agent cannot be had: $(grep -oE 'error NU[0-9]+' <<<"$output" | head -n 1)"
    home=$(dirname "$(find "$work/packages" -name libNewRelicProfiler.so -path '*newrelic*' | head -n 1)")
fi
[ -f "$home/NewRelic.Agent.Core.dll" ] || skip "there is no NewRelic.Agent.Core.dll in $home"
NRPROF_AGENT_HOME=$home dotnet_build "$here/agent" || die "the web application does not build"
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/key.pem" -out "$work/cert.pem" -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null || skip "openssl makes no certificate"

run() { # NAME PROFILER: leaves $work/NAME/{metrics,output,agent/logs}
    local dir=$work/$1 collector
    mkdir -p "$dir" && cp -rL "$home" "$dir/agent" && cp "$work"/{key,cert}.pem "$dir" && rm -rf "$dir/agent/logs"
    rm -f "$dir/agent/libNewRelicProfiler.so" && ln -s "$2" "$dir/agent/libNewRelicProfiler.so"
    python3 "$here/agent/collector.py" serve "$dir" &
    collector=$!
    for _ in $(seq 100); do [ -s "$dir/port" ] || sleep 0.1; done
    cat >"$dir/agent/newrelic.config" <<X
<?xml version="1.0"?>
<configuration xmlns="urn:newrelic-config" agentEnabled="true">
  <service licenseKey="0123456789012345678901234567890123456789" host="localhost" port="$(cat "$dir/port")" sendDataOnExit="true" sendDataOnExitThreshold="0"/>
  <application><name>Probe</name></application><log level="debug"/><distributedTracing enabled="true"/>
</configuration>
X
    cat >"$dir/agent/extensions/probe.xml" <<X
<extension xmlns="urn:newrelic-extension"><instrumentation><tracerFactory metricName="Custom/ByRule">
<match assemblyName="Clr.AgentProbe" className="Contoso.Shop"><exactMethodMatcher methodName="ByRule"/></match></tracerFactory></instrumentation></extension>
X
    env CORECLR_ENABLE_PROFILING=1 CORECLR_PROFILER='{36032161-FFC0-4B61-B559-F6C5D41BAE5A}' CORECLR_PROFILER_PATH="$2" CORECLR_NEW_RELIC_HOME="$dir/agent" \
        SSL_CERT_FILE="$dir/cert.pem" NEW_RELIC_UTILIZATION_DETECT_{AWS,AZURE,GCP,PCF}=false \
        timeout 300 dotnet "$dotnet_out/Clr.AgentProbe/Clr.AgentProbe.dll" 200 >"$dir/output" 2>&1
    say "$1: the application ended with $?: $(tail -n 1 "$dir/output")"
    kill "$collector"
    python3 "$here/agent/collector.py" metrics "$dir" >"$dir/metrics"
}
run ours "$(realpath "$profiler")"
check "the application got its answer, a browser header and a trace id from the agent" grep -xF '25 inner, a header True, a trace id of 32' "$work/ours/output"
for metric in Custom/Shop Custom/Time Custom/Count 'DotNet/Contoso.Shop/Price WebTransaction/ASP/shop/7' 'DotNet/Contoso.Shop/PriceAsync WebTransaction/ASP/shop/7' \
    'Custom/ByRule WebTransaction/ASP/shop/7' 'Custom/Live WebTransaction/ASP/shop/7' 'External/127.0.0.1/Stream/GET WebTransaction/ASP/shop/7' \
    'DotNet/Contoso.Shop/Background OtherTransaction/Custom/Contoso.Shop/Background' Supportability/ApiInvocation/NoticeError; do
    check "metric $metric" grep -xF "$metric" "$work/ours/metrics"
done
if [ -n "$against" ]; then
    run other "$against"
    # The sizes of pools and of the garbage collector's heaps are reported when they are there.
    check "the same $(wc -l <"$work/other/metrics") metrics under the other profiler" diff <(grep -vE '^(GC/|Threadpool)' "$work/ours/metrics") <(grep -vE '^(GC/|Threadpool)' "$work/other/metrics")
    for log in ours other; do sed -nE 's/.*(Instrumenting (API )?method: ).*\)(\[.*)/\1\3/p' "$work/$log/agent/logs/"NewRelic.Profiler.*.log | sort -u >"$work/$log/methods"; done
    check "the same $(wc -l <"$work/other/methods") methods instrumented" diff "$work/ours/methods" "$work/other/methods"
fi
say "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
