#!/usr/bin/env bash
# run.sh [PROFILER_SO] [--target TARGET] [--runtime VERSION] [--reference] [--only TEXT] [--skip TEXT] [--env NAME=VALUE]
# [--precompiled] [--composite] [--minutes N]: tests on the real CLR. A host (host/) starts a target
# program (target/) under the profiler (default: the one in build/TARGET), once for each scenario, with a stand-in managed agent
# (samples/agent), and checks what the agent was told and what was logged. Last, the suite is run without a profiler: then every test
# must fail. --target: the target program brings the .NET of another target with it and runs under its emulator; --runtime: another
# version of .NET, 3.1 to 9. What cannot be had is a skip. --reference leaves out what the C++ profiler does not have; --only runs the tests whose
# names contain TEXT. --skip runs the others. --env gives the target a variable: a switch under which
# all must be as without; that nothing passes without a profiler is then not asked again. --minutes: no test is begun after that time; a line
# "part: N of M tests" says so. --precompiled compiles the target ahead of time (ReadyToRun),
# --composite in one image with the part of .NET that it calls most.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../scripts/lib.sh"
. "$here/../../samples/dotnet.sh"

profiler='' target=linux-x64 framework=''
arguments=() switched='' precompiled='' composite=''
while [ $# -gt 0 ]; do
    case $1 in
    --runtime)
        case ${2:-} in
        3.1) framework=netcoreapp3.1 ;;
        [5-9]) framework=net$2.0 ;;
        *) die "--runtime needs a version of .NET: 3.1, 5, 6 …" ;;
        esac
        shift
        ;;
    --reference) arguments+=(--reference) ;;
    --only | --skip | --env | --minutes)
        [ $# -ge 2 ] || die "$1 needs a text"
        arguments+=("$1" "$2")
        [ "$1" != --env ] || switched=1
        shift
        ;;
    --target)
        [ $# -ge 2 ] || die "--target needs a target"
        target=$2
        shift
        ;;
    --precompiled) precompiled=1 ;;
    --composite) precompiled=1 composite=1 ;;
    -*) die "unknown option $1 (see the head of this file)" ;;
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
fail_all() {
    say "FAIL $1"
    say "0 passed, 1 failed, 0 skipped"
    exit 1
}
reason=$(need_dotnet) || skip_all "$reason"
[ -f "$profiler" ] || fail_all "there is no profiler at $profiler"
dotnet_build "$here/host" || fail_all "the host does not build"
host_dll=$dotnet_out/Clr.Host/Clr.Host.dll

# Another platform, or another version: the runtime comes with the program.
own_runtime=''
if [ "$target" != linux-x64 ] || [ -n "$framework$composite" ]; then
    rid=$(rid_of "$target")
    [ -n "$rid" ] || skip_all "Microsoft's .NET for musl wants libstdc++ and libgcc_s built for musl, which Debian does not have"
    why=$(can_run "$target") || skip_all "$why"
    own_runtime=1
    dotnet_for "${framework:-net$(dotnet --version | cut -d. -f1).0}" "$rid"
fi
"$here/generate.sh" "$dotnet_out/generated"
if ! output=$(dotnet_build "$root/samples/agent" "$here"/{plugin,target}); then
    if [ -n "$own_runtime" ] && missing=$(dotnet_missing "$output"); then skip_all "the runtime of $NRPROF_TFM for $rid cannot be had: $missing"; fi
    say "$output"
    fail_all "the C# projects do not build"
fi
program=$dotnet_out/Clr.Target/Clr.Target
if [ -z "$own_runtime" ]; then
    say "real CLR of linux-x64: .NET $(dotnet --version), native"
    program=$program.dll
else
    say "real CLR of $target: .NET $(sed -nE 's/.*"version": "([0-9.]+)".*/\1/p' "$program.runtimeconfig.json") for $rid $(emulator_of "$target")"
    [ -f "$program" ] || program=$program.exe
fi
if [ "$target" != linux-x64 ]; then
    export NRPROF_CLR_TARGET=$target
    arguments+=(--launcher "$here/launch.sh")
    "$here/launch.sh" "$program" >/dev/null 2>&1 # a first start makes wine's configuration, and talks about it
fi

# All of .NET would take the compiler many minutes.
compile_together() { # FROM_DIRECTORY INTO_DIRECTORY
    local parts=(Clr.Target NewRelic.Api.Agent System.{Private.CoreLib,Runtime,Linq,Collections,Console,Threading}) compiler
    compiler=$(find "${NUGET_PACKAGES:-$HOME/.nuget/packages}/microsoft.netcore.app.crossgen2.linux-x64" -path '*/tools/crossgen2' | sort -V | tail -n 1)
    parts=("${parts[@]/%/.dll}")
    "$compiler" "${parts[@]/#/$1/}" --composite --inputbubble -r "$1/*.dll" --targetos linux --targetarch x64 -O -o "$2/composite.r2r.dll" 2>&1
}

# Without the compiler for it (Crossgen2, from NuGet) the suite says what it can with code that the JIT made.
not_precompiled=''
if [ -n "$precompiled" ]; then
    options=(-r "$(rid_of "$target")" -p:PublishReadyToRun=true)
    [ -n "$own_runtime" ] || options+=(--self-contained false)
    if output=$(dotnet publish "$here/target" -c Release "${options[@]}" -p:OutputPath="$dotnet_out/r2r/bin/" \
        -p:BaseIntermediateOutputPath="$dotnet_out/r2r/obj/" -o "$dotnet_out/r2r/target" -v q -nologo 2>&1); then
        if [ -n "$composite" ]; then
            output=$(compile_together "$(dirname "$program")" "$dotnet_out/r2r/target") || fail_all "no composite image: $output"
            [ -f "$dotnet_out/r2r/target/composite.r2r.dll" ] || fail_all "no composite image: $output"
        fi
        program=$dotnet_out/r2r/target/$(basename "$program")
        arguments+=(--precompiled)
    elif missing=$(dotnet_missing "$output"); then
        say "skip a target compiled ahead of time: $missing"
        not_precompiled=1
    else
        say "$output"
        fail_all "the target cannot be compiled ahead of time"
    fi
fi

host() { # PROFILER|none [OPTION...]
    dotnet "$host_dll" "$1" "$program" "$dotnet_out/Clr.Plugin/Clr.Plugin.dll" \
        "$dotnet_out/NewRelic.Agent.Core/NewRelic.Agent.Core.dll" "$here/rules" "${@:2}"
}
results=$(mktemp)
trap 'rm -f "$results"' EXIT
host "$(realpath "$profiler")" "${arguments[@]}" | tee "$results" | grep -vE ' passed, .* failed, '
read -r passed _ failed _ skipped _ < <(tail -n 1 "$results" | grep -E '^[0-9]+ passed, ' | tr -d ,)
[ -n "${passed:-}" ] || fail_all "the host ended before its last line"

skipped=$((skipped + ${not_precompiled:-0}))
if [ -n "$switched" ]; then
    say "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" = 0 ]
    exit
fi
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
