#!/usr/bin/env bash
# run.sh [PROFILER_SO] [--reference] [--only TEXT]: tests on the real CLR. A host (host/) starts a target program (target/) under
# the profiler (default build/linux-x64/libNewRelicProfiler.so), once for each scenario, with a stand-in managed agent
# (samples/agent), and checks what the agent was told and what was logged. Last, the suite is run without a profiler: then every
# test must fail. --reference leaves out what the C++ profiler does not have; --only runs the tests whose names contain TEXT.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../scripts/lib.sh"
. "$here/../../samples/dotnet.sh"

profiler=
arguments=()
while [ $# -gt 0 ]; do
    case $1 in
    --reference) arguments+=(--reference) ;;
    --only)
        [ $# -ge 2 ] || die "--only needs a text"
        arguments+=(--only "$2")
        shift
        ;;
    -*) die "unknown option $1 (usage: run.sh [PROFILER_SO] [--reference] [--only TEXT])" ;;
    *) profiler=$1 ;;
    esac
    shift
done
profiler=${profiler:-$root/build/linux-x64/libNewRelicProfiler.so}

if ! reason=$(need_dotnet); then
    say "SKIP real CLR: $reason"
    say "0 passed, 0 failed, 1 skipped"
    exit 0
fi
fail_all() {
    say "FAIL $1"
    say "0 passed, 1 failed, 0 skipped"
    exit 1
}
[ -f "$profiler" ] || fail_all "there is no profiler at $profiler"
"$here/generate.sh" "$dotnet_out/generated"
dotnet_build "$root/samples/agent" "$here"/{plugin,target,host} || fail_all "the C# projects do not build"

host() { # PROFILER|none [OPTION...]
    dotnet "$dotnet_out/Clr.Host/Clr.Host.dll" "$1" "$dotnet_out/Clr.Target/Clr.Target.dll" "$dotnet_out/Clr.Plugin/Clr.Plugin.dll" \
        "$dotnet_out/NewRelic.Agent.Core/NewRelic.Agent.Core.dll" "$here/rules" "${@:2}"
}
results=$(mktemp)
trap 'rm -f "$results"' EXIT
host "$(realpath "$profiler")" "${arguments[@]}" | tee "$results" | grep -vE ' passed, .* failed, '
read -r passed _ failed _ skipped _ < <(tail -n 1 "$results" | grep -E '^[0-9]+ passed, ' | tr -d ,)
[ -n "${passed:-}" ] || fail_all "the host ended before its last line"

# A test that passes without a profiler says nothing about one.
without=$(host none "${arguments[@]}")
if [ $? = 1 ] && grep -qE '^0 passed, [1-9][0-9]* failed, ' <<<"$without"; then
    say "PASS no test passes without a profiler"
    passed=$((passed + 1))
else
    say "FAIL tests that pass without a profiler:"
    grep '^PASS' <<<"$without" | sed 's/^/  /'
    failed=$((failed + 1))
fi
say "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
