#!/usr/bin/env bash
# run.sh [--minutes N] [--pause MS] [--without WHAT,WHAT] [PROFILER_SO]: a web application under load for N minutes (default 10), while rules are refreshed each
# second, all threads are sampled every five, the configuration is read again, rules come and go, and the log is moved away. Last lines: figures,
# and "N passed, N failed, N skipped". Not part of scripts/test.sh: it takes its minutes.
#
# --pause: milliseconds between an answer and the next request of each of 8 connections (default 25: some 250 requests in a second)
# --without: a control run, which shows what the memory grows with: no profiler, refresh, profiles (of threads) or rules (that come and go). So is one with
# another PROFILER_SO.
# What was measured is in build/soak/curve.json; with NRPROF_UPDATE_DOCS=1 it is drawn in docs/soak.svg.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../scripts/lib.sh"
. "$here/../../samples/dotnet.sh"
minutes=10 pause=25 without= profiler=
while [ $# -gt 0 ]; do
    case $1 in
    --minutes) minutes=${2:?"--minutes needs a number"} && shift ;;
    --pause) pause=${2:?"--pause needs a number"} && shift ;;
    --without) without=${2:?"--without needs names"} && shift ;;
    -*) die "unknown option $1 (usage: run.sh [--minutes N] [--pause MS] [--without WHAT,WHAT] [PROFILER_SO])" ;;
    *) profiler=$1 ;;
    esac
    shift
done
leave_out() {
    say "skip soak: $1"
    say "0 passed, 0 failed, 1 skipped"
    exit 0
}
why=$(need_dotnet) || leave_out "$why"
why=$(need_packages wrk python3 gcc) || leave_out "$why"
name=${without:+without-${without//,/-}}
[ -n "$name" ] || [ "${minutes%.*}" -ge 10 ] || name=short
[ -z "$profiler" ] || name=other${without:+-$name}
profiler=$(realpath -m "${profiler:-$root/build/linux-x64/libNewRelicProfiler.so}")
[ -f "$profiler" ] || die "there is no profiler at $profiler"
dotnet_build "$root/tests/bench/app" "$here/agent" || die "the programs do not build"
out=$root/build/soak${name:+-$name}
rm -rf "$out/agent"
mkdir -p "$out/agent/extensions" "$root/build/log"
cp "$root/build/dotnet/Soak.Agent/NewRelic.Agent.Core.dll" "$root/samples/newrelic.config" "$out/agent/"
cp "$here"/extensions/*.xml "$out/agent/extensions/"
cp "$profiler" "$out/agent/" || die "the profiler cannot be copied" # a build meanwhile shall not replace what is loaded
profiler=$out/agent/${profiler##*/}
gcc -std=gnu11 -O2 -shared -fPIC -o "$out/heap.so" "$here/heap.c" || die "heap.c does not build"
options=()
[ -n "$name" ] || [ -z "${NRPROF_UPDATE_DOCS:-}" ] || options+=(--draw "$root/docs/soak.svg")
python3 "$here/soak.py" --app "$dotnet_out/Bench.App/Bench.App.dll" --profiler "$profiler" --home "$out/agent" --out "$out" --minutes "$minutes" \
    --load "$here/load.lua" --pause "$pause" --without "$without" --name "$name" --heap "$out/heap.so" "${options[@]}" |
    tee "$root/build/log/soak${name:+-$name}.log"
exit "${PIPESTATUS[0]}"
