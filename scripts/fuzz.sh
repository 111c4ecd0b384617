#!/usr/bin/env bash
# fuzz.sh [--seconds N] [--jobs N] [TARGET...]: builds the fuzz targets (tests/fuzz) and runs each for N seconds of
# processor time (default 5), all of them or those named (body, xml, …). Inputs that were found interesting stay in build/fuzz/corpus for the next run.
# fuzz.sh --repro TARGET FILE: runs one input again, with the sanitizers' report.
# An input that breaks something is left in build/fuzz/found; when it is mended it belongs into tests/fuzz/regressions/TARGET.
set -u
. "$(dirname "$0")/lib.sh"
cd "$root" || exit 1
seconds=5
only=()
repro=
while [ $# -gt 0 ]; do
    case $1 in
    --seconds) seconds=${2:?"--seconds needs a number"} && shift ;;
    --jobs) jobs=${2:?"--jobs needs a number"} && shift ;;
    --repro) repro=1 ;;
    -*) die "unknown option $1 (usage: fuzz.sh [--seconds N] [--jobs N] [TARGET...] | --repro TARGET FILE)" ;;
    *) only+=("${1#fuzz_}") ;;
    esac
    shift
done
obj=build/obj/linux-x64-fuzz
out=build/fuzz
if ! missing=$(need_packages clang libclang-rt-14-dev cmake ninja-build); then
    say "skip fuzzing: $missing"
    say "0 passed, 0 failed, 1 skipped"
    exit 0
fi
"$root/scripts/deps.sh" >/dev/null || exit 1
mkdir -p build/log
if ! { cmake --preset linux-x64-fuzz -DNRPROF_TARBALLS="$tarballs" && cmake --build $obj --parallel "$jobs" --target fuzzers; } >build/log/fuzz-build.log 2>&1; then
    say "FAIL the fuzz targets do not build; the end of build/log/fuzz-build.log:"
    grep -E 'error' build/log/fuzz-build.log | head -n 20
    tail -n 5 build/log/fuzz-build.log
    say "0 passed, 1 failed, 0 skipped"
    exit 1
fi
if [ -n "$repro" ]; then
    [ ${#only[@]} = 2 ] || die "usage: fuzz.sh --repro TARGET FILE"
    exec "$obj/fuzz_${only[0]}" -timeout=25 "${only[1]}"
fi
all=$(sed 's/^fuzz_//' $obj/fuzzers.txt)
for name in "${only[@]}"; do
    grep -qx "$name" <<<"$all" || die "there is no target $name; targets: $(tr '\n' ' ' <<<"$all")"
done
read -r -d '' -a targets <<<"${only[*]:-$all}"

# ---- first inputs: from assemblies, from the files of this project, and from what ships with the agent where that is at hand ----
seed_texts() { # TARGET FILE...
    local target=$1 f
    for f in "${@:2}"; do
        [ ! -f "$f" ] || cp "$f" "$out/corpus/fuzz_$target/seed-$(basename "$(dirname "$f")")-${f##*/}"
    done
}
# The type and method texts of the templates, one file each.
seed_type_texts() {
    local n=0 text
    while IFS= read -r text; do
        n=$((n + 1))
        printf '%s' "$text" >"$out/corpus/fuzz_text/seed-$n"
    done < <(grep -ohE '"[^"]*\[[a-zA-Z.]+\][^"]*"' instrumentation/templates/*.lua lua/nrprof/*.lua | tr -d '"' | sort -u)
}
seed_pairs() { # live: a name, a NUL byte, a document
    local f
    for f in samples/*/extensions/*.xml ../shared/data/extensions/*Owin*.xml; do
        [ ! -f "$f" ] || { printf '%s\0' "${f##*/}" && cat "$f"; } >"$out/corpus/fuzz_live/seed-${f##*/}"
    done
}
seed_records() { # each recording, and the two with a NUL byte between them
    local dir=tests/fuzz/seeds/records
    seed_texts records $dir/*.jsonl
    { cat $dir/tracer.jsonl && printf '\0' && cat $dir/count.jsonl; } >"$out/corpus/fuzz_records/seed-both"
}
# Numbers for the generator of method bodies: the same at every run.
seed_numbers() {
    local n
    for n in $(seq 1 40); do
        awk -v n="$n" 'BEGIN { srand(n); for (i = 0; i < 40 + n * 6; i++) printf "%02x", int(rand() * 256) }' |
            sed 's/../\\x&/g' | xargs -0 printf '%b' >"$out/corpus/fuzz_rewrite/seed-$n"
    done
}
for name in $all; do mkdir -p "$out/corpus/fuzz_$name" "$out/log"; done
if [ ! -f $out/seeded ] || [ scripts/fuzz.sh -nt $out/seeded ]; then
    $obj/fuzz_seeds $out/corpus >$out/log/seeds.log || exit 1
    seed_texts xml samples/*/extensions/*.xml ../shared/data/extensions/*.xml
    seed_texts config samples/*.config ../shared/tools/recorder/newrelic.config
    seed_texts rules samples/*/extensions/*.lua
    seed_texts template instrumentation/templates/*.lua samples/*/instrumentation/templates/*.lua
    seed_type_texts
    seed_pairs
    seed_records
    seed_numbers
    touch $out/seeded
fi

# ---- running ----------------------------------------------------------------------------
# run NAME: first what once broke something, then new inputs, in rounds until the processor time is used up (libFuzzer knows only
# the time of the clock, and says at the end of each round what it did). LOG.cpu holds the seconds.
run() {
    local name=$1 log=$out/log/$1.log dictionary=tests/fuzz/$1.dict old=tests/fuzz/regressions/$1 arguments=() used=0 round TIMEFORMAT='%U %S'
    [ ! -f "$dictionary" ] || arguments+=(-dict="$dictionary")
    : >"$log"
    if [ -d "$old" ] && ! "$obj/fuzz_$name" -timeout=25 "$old"/* >"$log" 2>&1; then return 1; fi
    while [ "$used" -lt "$seconds" ]; do
        round=$((seconds - used))
        { time "$obj/fuzz_$name" -max_total_time="$round" -timeout=25 -rss_limit_mb=3000 -max_len=16000 -print_final_stats=1 \
            -artifact_prefix="$out/found/$name-" "${arguments[@]}" "$out/corpus/fuzz_$name" >>"$log" 2>&1; } 2>"$log.time" || return 1
        used=$((used + $(awk '{ print int($1 + $2 + 0.999) }' "$log.time")))
        echo "$used" >"$log.cpu"
    done
}
export -f run
export seconds out obj
rm -rf $out/found
mkdir -p $out/found
printf '%s\n' "${targets[@]}" | xargs -P "$jobs" -I{} bash -c 'run {}; echo $? >"$out/log/{}.rc"'

passed=0 failed=0 total=0
figure() { awk -v name="stat::$2:" '$1 == name { sum += $2 } END { print sum + 0 }' "$out/log/$1.log"; } # the sum of all rounds
for name in "${targets[@]}"; do
    executions=$(figure "$name" number_of_executed_units)
    if [ "$(cat "$out/log/$name.rc")" = 0 ] && [ "${executions:-0}" -gt 0 ]; then
        passed=$((passed + 1)) total=$((total + executions))
        cpu=$(cat "$out/log/$name.log.cpu")
        say "PASS $name: $executions executions in $cpu s of processor time, $(find "$out/corpus/fuzz_$name" -type f | wc -l) inputs kept"
        say "figure fuzz.$name.executions $executions"
        say "figure fuzz.$name.seconds $cpu"
    else
        failed=$((failed + 1))
        say "FAIL $name: see $out/log/$name.log; inputs: $(find $out/found -name "$name-*" | tr '\n' ' ')"
        grep -E 'ERROR: |SUMMARY|property broken|runtime error' "$out/log/$name.log" | head -n 5
    fi
done
say "figure fuzz.executions $total"
say "$passed passed, $failed failed, 0 skipped"
[ $failed = 0 ]
