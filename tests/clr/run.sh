#!/usr/bin/env bash
# run.sh [PROFILER_SO] [--reference] [--only TEXT] [--target TARGET]: tests on the real CLR. A host (host/) starts a target program (target/) under
# the profiler (default build/linux-x64/libNewRelicProfiler.so), once for each scenario, with a stand-in managed agent
# (samples/agent), and checks what the agent was told and what was logged. Last, the suite is run without a profiler: then every
# test must fail. --target runs the target program on the .NET of another target, a self-contained publish under its emulator, with
# the library in build/TARGET. --reference leaves out what the C++ profiler does not have; --only runs the tests whose names contain TEXT.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../scripts/lib.sh"
. "$here/../../samples/dotnet.sh"

profiler=
target=linux-x64
arguments=()
while [ $# -gt 0 ]; do
    case $1 in
    --reference) arguments+=(--reference) ;;
    --only)
        [ $# -ge 2 ] || die "--only needs a text"
        arguments+=(--only "$2")
        shift
        ;;
    --target)
        [ $# -ge 2 ] || die "--target needs a target"
        target=$2
        shift
        ;;
    -*) die "unknown option $1 (usage: run.sh [PROFILER_SO] [--reference] [--only TEXT] [--target TARGET])" ;;
    *) profiler=$1 ;;
    esac
    shift
done
profiler=${profiler:-$(library_of "$target")}

skip_all() {
    say "skip real CLR of $target: $1"
    say "0 passed, 0 failed, 1 skipped"
    exit 0
}
if ! reason=$(need_dotnet); then
    skip_all "$reason"
fi
fail_all() {
    say "FAIL $1"
    say "0 passed, 1 failed, 0 skipped"
    exit 1
}
[ -f "$profiler" ] || fail_all "there is no profiler at $profiler"
"$here/generate.sh" "$dotnet_out/generated"
dotnet_build "$root/samples/agent" "$here"/{plugin,target,host} || fail_all "the C# projects do not build"
target_program=$dotnet_out/Clr.Target/Clr.Target.dll

# Another platform: its runtime pack comes with the publish, its emulator with launch.sh.
if [ "$target" != linux-x64 ]; then
    rid=$(rid_of "$target")
    [ -n "$rid" ] || skip_all "Microsoft has no package of a .NET runtime for $target"
    why=$(can_run "$target") || skip_all "$why"
    published=$root/build/clr-$target
    mkdir -p "$published/dotnet"
    "$here/generate.sh" "$published/dotnet/generated"
    if ! output=$(NRPROF_BUILD=$published dotnet publish "$here/target" -c Release -r "$rid" --self-contained -p:UseAppHost=true \
        -p:PublishDir="$published/program/" -v q -nologo 2>&1); then
        error=$(grep -oE 'error (NU1101|NU1102|NU1301|NETSDK1127)[^[]*' <<<"$output" | head -n 1)
        [ -z "$error" ] || skip_all "the $rid runtime pack cannot be had: $error"
        tail -n 20 <<<"$output"
        fail_all "the target program does not build for $rid"
    fi
    target_program=$published/program/Clr.Target
    [ -f "$target_program" ] || target_program=$target_program.exe
    export NRPROF_CLR_TARGET=$target
    arguments+=(--launcher "$here/launch.sh")
    "$here/launch.sh" "$target_program" >/dev/null 2>&1 # a first start makes wine's configuration, and talks about it
    say "real CLR of $target: .NET $(sed -nE 's/.*"version": "([0-9.]+)".*/\1/p' "$published/program/Clr.Target.runtimeconfig.json") for $rid, $(emulator_of "$target")"
else
    say "real CLR of linux-x64: .NET $(dotnet --version), native"
fi

host() { # PROFILER|none [OPTION...]
    dotnet "$dotnet_out/Clr.Host/Clr.Host.dll" "$1" "$target_program" "$dotnet_out/Clr.Plugin/Clr.Plugin.dll" \
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
