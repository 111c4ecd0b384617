#!/usr/bin/env bash
# bench.sh [--against LIBRARY] [--only PARTS] [--runs N] [--update-docs] [--baseline]: what the profiler costs.
#
# Builds the library and the programs of tests/bench, measures, prints tables, and writes build/bench/results.json and report.html.
# All of it takes about 28 minutes on an idle machine, "process" 10 of them. PARTS: counts,growth,threads,process,startup,inside,calls,
# throughput (the others keep their last results).
#   --against LIBRARY  measures another profiler library beside this one; --against-name TEXT says what it is (its file's name)
#   --runs N           how often times are measured (15)
#   --seconds N        how long a round of throughput asks one application (2)
#   --milliseconds N   how long calls and callbacks are made for each number of threads (1000)
#   --processes N      how often each whole process is run to count its instructions (2)
#   --update-docs      writes the tables of docs/performance.md, and its plots (docs/bench-*.svg)
#   --compare          instruction counts only, against tests/bench/baseline.json: reports what grew by more than 5 %, and what is
#                      counted no longer
#   --baseline         writes that file
# Extension files for a start with many of them come from NRPROF_EXTENSIONS (default ../shared/data/extensions, if it is there).
set -u
. "$(dirname "$0")/lib.sh"
. "$root/samples/dotnet.sh"
cd "$root" || exit 1
options=() compare='' document='' baseline=''
while [ $# -gt 0 ]; do
    case $1 in
    --against | --against-name | --only | --runs | --processes | --seconds | --milliseconds)
        [ $# -ge 2 ] || die "$1 needs a value"
        options+=("$1" "$2")
        shift
        ;;
    --update-docs) document=docs/performance.md ;;
    --compare) compare=1 ;;
    --baseline) compare=1 baseline=--write-baseline ;;
    *) die "unknown option $1 (see the head of this file)" ;;
    esac
    shift
done

if [ -n "$compare" ] && ! (need_packages valgrind) >/dev/null 2>&1; then
    say "skip instruction counts: there is no valgrind"
    say "0 passed, 0 failed, 1 skipped"
    exit 0
fi
# shellcheck disable=SC2046
need_packages $(packages_for linux-x64) valgrind python3 || exit 1
"$root/scripts/deps.sh" || exit 1
"$root/scripts/build.sh" linux-x64 >/dev/null || die "the library does not build"
cmake --preset linux-x64 -DNRPROF_TARBALLS="$tarballs" >/dev/null &&
    cmake --build build/obj/linux-x64 --parallel "$jobs" --target bench_sim bench_threads null_profiler stopwatch count >/dev/null || die "tests/bench does not build"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
commit=$(git -c safe.directory="$root" describe --always --dirty 2>/dev/null)
out=build/bench
mkdir -p "$out"
NRPROF_BENCH_OUT=$work build/linux-x64/nrprof test tests/bench/images.lua >/dev/null || die "the images cannot be written"
obj=build/obj/linux-x64
options+=(--library build/linux-x64/libNewRelicProfiler.so --sim $obj/bench_sim --threads $obj/bench_threads --null $obj/null_profiler.so --stopwatch $obj/stopwatch.so
    --work "$work" --out "$out" --commit "$commit")
extensions=${NRPROF_EXTENSIONS:-$root/../shared/data/extensions}
[ ! -d "$extensions" ] || options+=(--extensions "$extensions")
if [ -n "$compare" ]; then
    python3 tests/bench/bench.py "${options[@]}" --only counts --baseline tests/bench/baseline.json $baseline
    exit
fi
[ -d "$extensions" ] || say "SKIP start with shipped files: there are none in $extensions"
if why=$(need_dotnet); then
    need_packages wrk || say "SKIP throughput: there is no wrk"
    dotnet_build tests/bench/agent tests/bench/app || die "the C# programs do not build"
    if why=$(tests/bench/counter/run.sh $obj/count.so | grep -iE '^(skip|fail)'); then
        say "SKIP instructions of whole processes: $why"
    else
        options+=(--count $obj/count.so)
    fi
    if output=$(dotnet_build tests/bench/libraries); then
        options+=(--libraries "$dotnet_out/Bench.Libraries/Bench.Libraries.dll")
    elif missing=$(dotnet_missing "$output"); then
        say "SKIP the program of libraries: $missing"
    else
        say "$output"
        die "tests/bench/libraries does not build"
    fi
    options+=(--app "$dotnet_out/Bench.App/Bench.App.dll" --agent "$dotnet_out/Bench.Agent/NewRelic.Agent.Core.dll")
else
    say "SKIP real CLR: $why"
fi
python3 tests/bench/bench.py "${options[@]}" ${document:+--document "$document"}
