#!/usr/bin/env bash
# branches.sh: how much of src/il, src/meta, src/rules and src/engine the tests run through, in branches. Builds with gcc's
# counters and runs the unit tests, the tests in Lua and the scenarios, as test.sh does without --all.
# branches.sh --show TEXT...: in files whose names contain TEXT (src/il, link.c) the lines with a branch that the last run has not
# taken ("-"; "+" is one that it has).
# Which rules of the C++ profiler have scenarios is another question: coverage.sh.
set -u
. "$(dirname "$0")/lib.sh"
cd "$root" || exit 1
rooms="il meta rules engine"
floors="il=96 meta=97 rules=97 engine=95" # what has been reached, in percent, and is not given up; the target is 95
obj=build/obj/linux-x64-coverage
out=build/branches
case ${1-} in
'') ;;
--show)
    [ $# -gt 1 ] && [ -f $out/branches.json ] || die "--show needs a text, and a run before"
    exec python3 scripts/branches.py show $out/branches.json "${@:2}"
    ;;
*) die "usage: branches.sh [--show TEXT...]" ;;
esac
# shellcheck disable=SC2046
if ! missing=$(need_packages $(packages_for linux-x64) gcovr); then
    say "skip branch coverage: $missing"
    say "0 passed, 0 failed, 1 skipped"
    exit 0
fi
"$root/scripts/deps.sh" >/dev/null || exit 1
mkdir -p build/log $out
if ! { cmake --preset linux-x64-coverage -DNRPROF_TARBALLS="$tarballs" && cmake --build $obj --parallel "$jobs" \
    --target units NewRelicProfiler nrprof && cmake --install $obj --prefix $out/home; } >build/log/branches-build.log 2>&1; then
    say "FAIL the build with counters; the end of build/log/branches-build.log:"
    tail -n 20 build/log/branches-build.log
    say "0 passed, 1 failed, 0 skipped"
    exit 1
fi
find $obj -name '*.gcda' -delete

# A test that fails has not gone the way that it is there for: its branches prove nothing.
failed=0
run() {
    local log
    log=$out/$(tr -c 'a-zA-Z0-9\n' - <<<"$*" | tail -c 40).log
    if ! timeout 3600 "$@" >"$log" 2>&1 </dev/null; then
        failed=$((failed + 1))
        say "FAIL $*: the end of $log:"
        grep -E '^ *FAIL|: failed:' "$log" | head -n 20
        tail -n 5 "$log"
    fi
}
for unit in $(cat $obj/units.txt); do run "$obj/$unit"; done
for tests in lua scenarios; do run $out/home/nrprof test "tests/$tests"; done
# Each call of the CLR, not some of them
run env NRPROF_FAULTS=all $out/home/nrprof test tests/scenarios/faults_com.lua

# Not counted: what no source has (branches that the compiler makes where it proves code unreachable, or for exceptions), and the
# one question that NR_LOG puts at each line of the log, whether its level is on (unit_base, log).
gcovr --root . --object-directory $obj $obj --filter "src/(${rooms// /|})/" --exclude-unreachable-branches --exclude-throw-branches \
    --exclude-branches-by-pattern '^ *NR_LOG\(' --json $out/branches.json >build/log/branches-gcovr.log 2>&1 || die "gcovr: $(tail -n 3 build/log/branches-gcovr.log)"
# shellcheck disable=SC2086
python3 scripts/branches.py table $out/branches.json $failed $floors
