#!/usr/bin/env bash
# test.sh [--all] [--only REGEX]: sets up, builds and runs every test for linux-x64. --all adds the other targets and ThreadSanitizer.
# --only: of these the phases whose names match REGEX, e.g. --all --only "windows-x86" or "scenarios linux-arm64$".
# An emulator may take hours: NRPROF_SCENARIO_MINUTES and NRPROF_CLR_MINUTES limit the scenarios and the real CLR of each other target.
# Each phase prints what it found, its log is build/log/test-PHASE.log; the last line is "N passed, N failed, N skipped".
set -u
. "$(dirname "$0")/lib.sh"
cd "$root" || exit 1
usage() {
    say "usage: test.sh [--all] [--only REGEX]"
    exit 2
}
all='' only=''
while [ $# -gt 0 ]; do
    case $1 in
    --all) all=1 ;;
    --only)
        only=${2:-}
        [ -n "$only" ] || usage
        shift
        ;;
    *) usage ;;
    esac
    shift
done
logs=$root/build/log
mkdir -p "$logs"
passed=0 failed=0 skipped=0
count_line='^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$'

# phase NAME FUNCTION [ARGUMENT...]: runs a phase in a subshell. It must print a count line last, and a line "skip WHAT: WHY"
# for whatever it left out. A phase without count line, or with an exit code but no failure, is one failure.
phase() {
    local name=$1 log=$logs/test-${1// /-}.log phase_start=$SECONDS rc counts p=0 f=0 s=0
    [[ $name =~ $only ]] || return 0
    shift
    say "== $name"
    echo aborted >"${log%.log}.result" # until it has ended
    ("$@") >"$log" 2>&1 </dev/null
    rc=$?
    counts=$(tr -d '\r' <"$log" | grep -E "$count_line" | tail -n 1)
    if [ -z "$counts" ]; then
        say "the phase printed no count line (exit code $rc)"
        f=1
    else
        read -r p _ f _ s _ <<<"${counts//,/}"
        s=${s:-0}
        if [ $rc != 0 ] && [ "$f" = 0 ]; then
            say "exit code $rc although no test failed"
            f=1
        fi
    fi
    grep -iE '^skip ' "$log"
    if [ "$f" != 0 ]; then
        grep -E '^ *FAIL|: failed:|ERROR: |WARNING: ThreadSanitizer' "$log" | head -n 40
        say "-- end of build/log/${log##*/}:"
        tail -n 25 "$log"
        say "--"
    fi
    say "$p passed, $f failed, $s skipped ($((SECONDS - phase_start)) s)"
    echo "$p $f $s $(sed -n 's/^part: //p' "$log")" >"${log%.log}.result"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

skip() { # WHAT WHY: a whole phase is left out
    say "skip $1: $2"
    say "0 passed, 0 failed, 1 skipped"
}

# build_units PRESET: configures and compiles the unit tests of a preset
build_units() {
    cmake --preset "$1" -DNRPROF_TARBALLS="$tarballs" && cmake --build "build/obj/$1" --parallel "$jobs" --target units
}

# run_units PRESET TARGET: runs each room's unit tests and adds up their count lines
run_units() {
    local preset=$1 target=$2 unit out rc line p=0 f=0 s=0 a b c
    for unit in $(cat "build/obj/$preset/units.txt"); do
        say "-- $unit"
        out=$(run_target "$target" "build/obj/$preset/$unit" 2>&1)
        rc=$?
        printf '%s\n' "$out"
        line=$(tr -d '\r' <<<"$out" | grep -E "$count_line" | tail -n 1)
        if [ -z "$line" ]; then
            say "FAIL $unit ended with exit code $rc before its count line"
            f=$((f + 1))
            continue
        fi
        read -r a _ b _ c _ <<<"${line//,/}"
        if [ $rc != 0 ] && [ "$b" = 0 ]; then
            say "FAIL $unit ended with exit code $rc although no test failed"
            b=1
        fi
        p=$((p + a)) f=$((f + b)) s=$((s + ${c:-0}))
    done
    say "$p passed, $f failed, $s skipped"
    [ $f = 0 ]
}

unit_tests() { # PRESET TARGET
    build_units "$1" || return 1
    if [ ! -s "build/obj/$1/units.txt" ]; then
        skip "unit tests" "there are none"
        return
    fi
    run_units "$1" "$2"
}

cross_unit_tests() { # TARGET
    local why
    if why=$(can_run "$1"); then
        unit_tests "$1" "$1"
    else
        build_units "$1" && skip "unit tests of $1" "$why"
    fi
}

thread_sanitizer() {
    build_units linux-x64-tsan || return 1
    export TSAN_OPTIONS="suppressions=$root/tests/tsan.supp"
    export NRPROF_STORM=25
    # Tests of one thread in which thousands of Lua states end by an error: ThreadSanitizer keeps memory for each, 10 GB together.
    export NRPROF_UNITS_LEFT_OUT="failure sandbox.nothing_leaks_when_memory_fails templates.files_that_wait faults"
    # With many bits of address randomisation its shadow memory finds no place.
    if setarch "$(uname -m)" -R true 2>/dev/null; then
        export -f run_units run_target say
        export count_line cache root
        setarch "$(uname -m)" -R bash -c 'run_units linux-x64-tsan linux-x64'
    else
        run_units linux-x64-tsan linux-x64
    fi
}

# add_run COMMAND...: runs it, shows what it says, and adds its last count line to p, f and s; without one it is a failure.
add_run() {
    local out line a b c
    say "-- $*"
    out=$("$@" 2>&1 | tr -d '\r')
    say "$out"
    line=$(grep -E "$count_line" <<<"$out" | tail -n 1)
    [ -n "$line" ] || say "FAIL $*: it ended before its count line"
    read -r a _ b _ c _ <<<"${line//,/}"
    p=$((p + ${a:-0})) f=$((f + ${b:-1})) s=$((s + ${c:-0}))
}

# Like cross_unit_tests: what runs through the target's tool in build/TARGET. File by file, so that a run that is ended early tells how far
# it came. NRPROF_SCENARIO_MINUTES: no file is begun after that time; the result says how many there were (an emulator translates the library
# anew for each scenario, which takes 40 times as long as running it).
cross_scenarios() { # TARGET FILE|DIRECTORY [OPTION...]
    local why tool=build/$1/nrprof file files p=0 f=0 s=0 n=0
    [ -f "$tool" ] || tool=$tool.exe
    if ! why=$(can_run "$1"); then
        skip "scenarios of $1" "$why"
        return
    fi
    mapfile -t files < <(find "$2" -name '*.lua' ! -name '_*' | sort)
    for file in "${files[@]}"; do
        if [ -n "${NRPROF_SCENARIO_MINUTES:-}" ] && [ $((SECONDS - phase_start)) -ge $((NRPROF_SCENARIO_MINUTES * 60)) ]; then
            say "part: $n of ${#files[@]} files"
            break
        fi
        add_run run_target "$1" "$tool" test "${@:3}" "$file"
        n=$((n + 1))
    done
    say "$p passed, $f failed, $s skipped"
    [ $f = 0 ]
}

counts_of() { # PHASE: "12", "12, 1 failed, 2 skipped", "skipped" or "aborted", by the result of its last run in this copy
    local p f s part text='' result=$logs/test-${1// /-}.result
    if [ ! -f "$result" ]; then
        say "not run"
        return
    fi
    read -r p f s part <"$result"
    if [ "$p" = aborted ]; then
        say aborted
        return
    fi
    [ "$p" = 0 ] || text=$p
    [ "$f" = 0 ] || text+="${text:+, }$f failed"
    if [ "$s" != 0 ]; then
        if [ -n "$text" ]; then text+=", $s skipped"; else text=skipped; fi
    fi
    say "${text:-0}${part:+ ($part)}"
}

# What was run where, by the results of each phase's last run; also in build/targets.md.
table() {
    local target suffix kind
    say "| target | runs | unit tests | scenarios | callback slots | real CLR |"
    say "|---|---|---|---|---|---|"
    for target in $all_targets; do
        suffix=" $target"
        [ "$target" = linux-x64 ] && suffix=
        printf '| %s | %s |' "$target" "$(emulator_of "$target")"
        for kind in "unit tests$suffix" "scenarios$suffix" "callback slots $target" "real CLR$suffix"; do
            printf ' %s |' "$(counts_of "$kind")"
        done
        echo
    done
    say "| linux-x64 library | through musl's loader | - | $(counts_of "scenarios linux-x64 library on musl") | $(counts_of "callback slots linux-x64 library on musl") | - |"
}

# table_into FILE: its first table becomes that of build/targets.md. A cell that was never run in this copy of the tree stays as FILE has it, so
# that a run of one target changes its own row only.
table_into() {
    awk -F ' *[|] *' -v table=build/targets.md '
        FNR == 1 { tables = inside = 0 }
        { if (/^\|/ && !inside) tables++; inside = /^\|/ }
        FNR == NR { if (inside && tables == 1) for (i = 4; i < NF; i++) cell[$2, i] = $i; next }
        !inside || tables > 1 { print; next }
        done++ { next }
        {
            while ((getline <table) > 0) {
                line = "|"
                for (i = 2; i < NF; i++) {
                    text = $i
                    if (text == "not run" && ($2, i) in cell) text = cell[$2, i]
                    line = line (/^\|-/ ? text "|" : " " text " |")
                }
                print line
            }
        }' "$1" "$1" >"$1.new" && mv "$1.new" "$1"
}

build_target() { # TARGET
    if "$root/scripts/build.sh" "$1"; then
        say "1 passed, 0 failed"
    else
        say "FAIL build of $1"
        say "0 passed, 1 failed"
    fi
}

gate_self_test() { tests/gate/self-test.sh; }
gate() { # TARGET
    local lib=build/$1/libNewRelicProfiler.so
    case $1 in
    windows-*) lib=build/$1/NewRelic.Profiler.dll ;;
    esac
    tests/gate/check.sh "$lib" "$1"
}

# Real assemblies for tests that skip without them: the console sample, Mono's mscorlib (it has bodies), and .NET Framework's
# reference assemblies, which only NuGet has.
real_assemblies() {
    need_packages libmono-corlib4.5-dll
    need_dotnet >/dev/null || return
    . "$root/samples/dotnet.sh"
    dotnet_build "$root/samples/console"
    dotnet restore "$root/tests/scenarios/netframework" -p:BaseIntermediateOutputPath="$root/build/dotnet/netframework/" -v q \
        >/dev/null 2>&1 || true # without it these tests skip
}

lua_tests() { # DIRECTORY
    if [ -z "$(find "$1" -name '*.lua' 2>/dev/null | head -n 1)" ]; then
        skip "$1" "there are no tests in it"
    elif [ ! -x build/linux-x64/nrprof ]; then
        skip "$1" "there is no command line tool to run it"
    else
        timeout 900 build/linux-x64/nrprof test "$1"
    fi
}

external() { # WHAT SCRIPT [ARGUMENT...]: a script with the same contract as a phase
    local what=$1
    shift
    if [ ! -x "$1" ]; then
        skip "$what" "there is no $1"
    else
        timeout "${limit:-1800}" "$@"
    fi
}

clr_tests() { # [OPTION]
    local why
    if ! why=$(need_dotnet); then
        skip "real CLR" "$why"
    else
        external "real CLR" tests/clr/run.sh "$@"
    fi
}

run_tests() { external "nrprof run" tests/run/all.sh; }

csharp_layout() { # TARGET
    external "C# signatures of $1" tests/clr/layout.sh "$1"
}

validation_tests() {
    local why
    if ! why=$(need_dotnet); then
        skip "validation on the real CLR" "$why"
    else
        external "validation on the real CLR" tests/validate/run.sh ${all:+--all}
    fi
}

# Every n-th allocation, file operation and call of the CLR, where the other phases try a part of them: in C and on the library itself.
# A start has thousands of allocations, so under AddressSanitizer, which takes ten times as long, only each seventh of those fails.
fault_injection() {
    local p=0 f=0 s=0
    export NRPROF_FAULTS=all
    build_units linux-x64 && build_units linux-x64-asan || return 1
    while read -r -a words; do
        add_run timeout 3600 "${words[@]}"
    done <<<"build/obj/linux-x64/unit_sim faults
env NRPROF_FAULTS=7 build/obj/linux-x64-asan/unit_sim faults
build/obj/linux-x64/unit_engine failure
build/obj/linux-x64-asan/unit_engine shapes
build/linux-x64/nrprof test tests/scenarios/faults_com.lua"
    say "$p passed, $f failed, $s skipped"
    [ $f = 0 ]
}

# shellcheck disable=SC2046
need_packages $(packages_for linux-x64) xz-utils git g++ python3 time || exit 1
"$root/scripts/deps.sh" || exit 1

phase "build linux-x64" build_target linux-x64
phase "unit tests" unit_tests linux-x64 linux-x64
phase "unit tests with ASan and UBSan" unit_tests linux-x64-asan linux-x64
phase "binary gate self-test" gate_self_test
phase "binary gate" gate linux-x64
phase "package" external "package" tests/package/check.sh
[ -n "$only" ] || real_assemblies
phase "Lua tests" lua_tests tests/lua
phase "scenarios" lua_tests tests/scenarios
phase "nrprof run" run_tests
phase "C# signatures" csharp_layout linux-x64
phase "real CLR" clr_tests
phase "validation" validation_tests
phase "real CLR, fast start" clr_tests --precompiled --env NEW_RELIC_FAST_START=1 --skip 1000
phase "real CLR, direct call" clr_tests --env NEW_RELIC_DIRECT_CALL=1 --skip 1000
if [ -n "$all" ]; then
    phase "golden" external "golden recordings" tests/golden/run.sh --all
else
    phase "golden" external "golden recordings" tests/golden/run.sh --small --overlay --log --diff
fi
phase "fuzzing" "$root/scripts/fuzz.sh" --seconds "$([ -n "$all" ] && echo 30 || echo 5)"
phase "report in a browser" external "report in a browser" tests/report/run.sh
phase "counting instructions of processes" external "counting instructions of processes" tests/bench/counter/run.sh
phase "instruction counts" external "instruction counts" scripts/bench.sh --compare
phase "style" "$root/scripts/style.sh"
if [ -n "$all" ]; then
    phase "real CLR, fast start, composite image" clr_tests --composite --env NEW_RELIC_FAST_START=1 --skip 1000
    phase "real CLR, fast start and direct call" clr_tests --precompiled --env NEW_RELIC_FAST_START=1 --env NEW_RELIC_DIRECT_CALL=1 --skip 1000
    phase "real CLR, .NET 8" clr_tests --runtime 8
    phase "real CLR, .NET Core 3.1" clr_tests --runtime 3.1
    phase "fault injection" fault_injection
    phase "branch coverage" external "branch coverage" scripts/branches.sh
    # AddressSanitizer's build, which "unit tests with ASan and UBSan" runs, looks for leaks at the end of each program (LSan).
    for checker in clang-tidy cppcheck gcc-analyzer valgrind; do
        phase "$checker" external "$checker" scripts/analyse.sh $checker
    done
    phase "managed agent" external "the real managed agent" tests/clr/agent.sh
    phase "unit tests with TSan" thread_sanitizer
    for target in $all_targets; do
        [ "$target" = linux-x64 ] && continue
        phase "build $target" build_target "$target"
        phase "unit tests $target" cross_unit_tests "$target"
        phase "binary gate $target" gate "$target"
        phase "package $target" external "package of $target" tests/package/check.sh "$target"
        phase "callback slots $target" cross_scenarios "$target" tests/scenarios/lifecycle_slots.lua
        phase "scenarios $target" cross_scenarios "$target" tests/scenarios
        limit=7200 phase "real CLR $target" external "real CLR of $target" tests/clr/run.sh --target "$target" \
            ${NRPROF_CLR_MINUTES:+--minutes "$NRPROF_CLR_MINUTES"}
        phase "C# signatures $target" csharp_layout "$target"
        [[ $target != windows-* ]] || phase "registry $target" external "registry of $target" tests/windows/registry.sh "$target"
    done
    phase "callback slots linux-x64" cross_scenarios linux-x64 tests/scenarios/lifecycle_slots.lua
    phase "callback slots linux-x64 library on musl" cross_scenarios linux-x64-musl tests/scenarios/lifecycle_slots.lua \
        --profiler build/linux-x64/libNewRelicProfiler.so
    phase "scenarios linux-x64 library on musl" cross_scenarios linux-x64-musl tests/scenarios \
        --profiler build/linux-x64/libNewRelicProfiler.so
    phase "golden targets" external "golden recordings" tests/golden/run.sh --targets
    # Two builds without compiler cache for each: one target per object format; the others: reproducible.sh TARGET...
    phase "reproducible" external "reproducible" tests/package/reproducible.sh linux-x64 windows-x64
    table | tee build/targets.md
    [ -z "${NRPROF_UPDATE_DOCS:-}" ] || table_into docs/platforms.md
else
    say "(other targets and ThreadSanitizer: test.sh --all)"
fi
# Last: with NRPROF_UPDATE_DOCS=1 it takes the figures of all the others.
phase "reliability page" "$root/scripts/reliability.py"
say "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
