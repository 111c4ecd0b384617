#!/usr/bin/env bash
# demo.sh [--profiler PATH]: installs what is missing, builds the library and the samples, runs a console application and an
# ASP.NET Core one under the profiler with a stand-in managed agent that prints every start and finish it is called with, and
# shows one method's IL before and after. --profiler runs another library instead of building this one.
set -u
. "$(dirname "$0")/lib.sh"

profiler=
while [ $# -gt 0 ]; do
    case $1 in
    --profiler)
        [ $# -ge 2 ] || die "--profiler needs a path"
        profiler=$(realpath -e "$2") || exit 1
        shift
        ;;
    --help | -h)
        say "usage: demo.sh [--profiler PATH]"
        exit 0
        ;;
    *) die "unknown argument $1 (usage: demo.sh [--profiler PATH])" ;;
    esac
    shift
done

need_dotnet || exit 1
. "$root/samples/dotnet.sh"
if [ -z "$profiler" ]; then
    "$root/scripts/build.sh" linux-x64 || exit 1
    profiler=$root/build/linux-x64/libNewRelicProfiler.so
fi
dotnet_build "$root"/samples/{agent,console,web} || die "a sample does not build"
out=$dotnet_out
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# new_home NAME: a home directory as the agent's installer makes it: configuration, managed agent, rule files
new_home() {
    local home=$work/$1
    mkdir -p "$home"
    cp "$out/NewRelic.Agent.Core/NewRelic.Agent.Core.dll" "$root/samples/newrelic.config" "$home/"
    cp -r "$root/samples/$1/extensions" "$home/"
}

# run_sample NAME DLL: the application under the profiler; its profiler log is shown when it fails
failed=0
run_sample() {
    local home=$work/$1
    new_home "$1"
    say ""
    say "== samples/$1 under the profiler (rule files: $(cd "$home/extensions" && echo *))"
    CORECLR_ENABLE_PROFILING=1 CORECLR_PROFILER='{36032161-FFC0-4B61-B559-F6C5D41BAE5A}' CORECLR_PROFILER_PATH="$profiler" \
        CORECLR_NEW_RELIC_HOME="$home" dotnet "$2" >"$work/$1.out" 2>&1
    local code=$?
    cat "$work/$1.out"
    local starts finishes
    starts=$(grep -c '^start #' "$work/$1.out")
    finishes=$(grep -c '^finish #' "$work/$1.out")
    say "-- exit code $code, $starts starts, $finishes finishes; profiler log: $(cat "$home"/logs/*.log 2>/dev/null | grep -c 'Instrumenting') methods instrumented"
    if [ $code != 0 ] || [ "$starts" = 0 ] || [ "$starts" != "$finishes" ]; then
        failed=1
        tail -n 20 "$home"/logs/*.log
    fi
}

run_sample console "$out/ConsoleSample/Contoso.Console.dll"
run_sample web "$out/WebSample/Contoso.Web.dll"

say ""
say "== Contoso.Cart.Total, its IL before and after"
nrprof=$(dirname "$profiler")/nrprof
if [ -x "$nrprof" ] && "$nrprof" dump --help >/dev/null 2>&1; then
    CORECLR_NEW_RELIC_HOME="$work/console" "$nrprof" dump "$out/ConsoleSample/Contoso.Console.dll" --method 'Contoso.Cart.Total' --diff || failed=1
else
    say "There is no nrprof with a dump command beside $profiler, so the IL is not shown."
fi
exit $failed
