#!/usr/bin/env bash
# run.sh [PLUGIN]: does the counting plugin (tests/bench/count.c, built when it is not given) count right? Last line "N passed, N failed, N skipped".
set -u
. "$(dirname "$0")/../../../scripts/lib.sh"
cd "$root" || exit 1
skip() {
    say "skip counting instructions: $1"
    say "0 passed, 0 failed, 1 skipped"
    exit 0
}
[ "$(uname -m)" = x86_64 ] || skip "this is no x86-64 machine"
need_packages qemu-user >/dev/null 2>&1 && command -v qemu-x86_64 >/dev/null || skip "there is no qemu-x86_64 (package qemu-user)"
plugin=${1:-build/obj/linux-x64/count.so}
if [ $# = 0 ]; then
    cmake --preset linux-x64 -DNRPROF_TARBALLS="$tarballs" >/dev/null && cmake --build build/obj/linux-x64 --target count >/dev/null || {
        say "FAIL count.c does not build"
        say "0 passed, 1 failed, 0 skipped"
        exit 1
    }
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
here=tests/bench/counter
gcc -O1 -nostdlib -static -o "$work/loop" $here/loop.c && gcc -O1 -pthread -o "$work/threads" $here/threads.c || die "the programs do not build"

counted() { # PROGRAM [ARGUMENT...]: the sum is left in $sum, the lines in $work/out
    rm -f "$work/out"
    if ! qemu-x86_64 -plugin "$plugin,out=$work/out" "$@" >"$work/log" 2>&1; then
        grep -q 'plugin.*version' "$work/log" && skip "this qemu-x86_64 takes plugins of another version: $(head -n 1 "$work/log")"
        say "FAIL ${*##*/}: $(tail -n 3 "$work/log")"
    fi
    sum=$(awk '{sum += $1} END {printf "%d", sum}' "$work/out" 2>/dev/null)
}
of() { awk -v name="$1" 'substr($0, index($0, " ") + 1) == name {print $1}' "$work/out" 2>/dev/null; } # NAME: its instructions
passed=0 failed=0
check() { # WHAT FOUND LEAST MOST
    if [ "${2:-0}" -ge "$3" ] && [ "${2:-0}" -le "$4" ]; then
        passed=$((passed + 1))
        say "ok   $1: $2"
    else
        failed=$((failed + 1))
        say "FAIL $1: ${2:-none}, not $3 to $4"
    fi
}

counted "$work/loop"
check "a loop" "$sum" 20000005 20000005
counted "$work/loop" more
check "it goes around twice as often" "$sum" 40000005 40000005
check "all of it is in the program's file" "$(of loop)" 40000005 40000005
counted "$work/threads" 2 10000000
check "two threads at a time: none of their instructions is lost" "$(of threads)" 40000000 40002000
counted "$work/threads" 300 10000
check "more threads than there is room for: what has none is told" "$(of '<more threads>')" 900000 1200000
check "and nothing is lost" "$(awk '/ (threads|<more threads>)$/ {sum += $1} END {printf "%d", sum}' "$work/out" 2>/dev/null)" 6000000 6300000
say "$passed passed, $failed failed, 0 skipped"
[ $failed = 0 ]
