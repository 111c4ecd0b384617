#!/usr/bin/env bash
# run.sh [--all] [--against SO] [PROFILER_SO]: recording, target, shadow run and fallback on the real CLR, with the sample web
# application under the profiler (default build/linux-x64/libNewRelicProfiler.so). Last line "N passed, N failed, N skipped".
#
#   --all         also every method of 13 assemblies, recorded by the library itself and by the recorder of the golden tests: the
#                 same; and shadow runs over them, both ways. Takes minutes.
#   --against SO  the profiler beside (default: a copy of PROFILER_SO); its own directory and file are left as they are
#
# NRPROF_SHARED (default ../shared beside the repository) holds the recorder for --all.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../scripts/lib.sh"
. "$here/../../samples/dotnet.sh"

all= against= profiler=
while [ $# -gt 0 ]; do
    case $1 in
    --all) all=1 ;;
    --against)
        against=$(realpath -e "${2:?--against needs a library}") || exit 2
        shift
        ;;
    -*) die "unknown option $1 (usage: run.sh [--all] [--against SO] [PROFILER_SO])" ;;
    *) profiler=$1 ;;
    esac
    shift
done
profiler=$(realpath -m "${profiler:-$root/build/linux-x64/libNewRelicProfiler.so}")

passed=0 failed=0 skipped=0
pass() { say "PASS $1"; passed=$((passed + 1)); }
fail() { say "FAIL $1: $2"; failed=$((failed + 1)); }
skip() { say "skip $1: $2"; skipped=$((skipped + 1)); }
finish() {
    say "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" = 0 ]
    exit
}
# check NAME CONDITION...: passes when the command does
check() {
    local name=$1
    shift
    if "$@" >/dev/null 2>&1; then pass "$name"; else fail "$name" "$* ($work)"; keep=1; fi
}

if ! reason=$(need_dotnet); then
    skip "validation on the real CLR" "$reason"
    finish
fi
if [ ! -f "$profiler" ]; then
    fail "validation on the real CLR" "there is no profiler at $profiler"
    finish
fi
dotnet_build "$root"/samples/{agent,web} || { fail "validation on the real CLR" "a sample does not build"; finish; }
keep=
work=$(mktemp -d)
trap '[ -n "$keep" ] || rm -rf "$work"' EXIT
cp "$profiler" "$work/libOther.so" # another file, so another library with data of its own
other=${against:-$work/libOther.so}

home=$work/home
mkdir "$home"
cp "$dotnet_out/NewRelic.Agent.Core/NewRelic.Agent.Core.dll" "$root/samples/newrelic.config" "$home/"
cp -r "$root/samples/web/extensions" "$home/"

# web NAME [VARIABLE=VALUE...]: the sample under the profiler; leaves $work/NAME (directory of recordings), NAME.logs, NAME.out
web() {
    local name=$1
    shift
    env CORECLR_ENABLE_PROFILING=1 CORECLR_PROFILER='{36032161-FFC0-4B61-B559-F6C5D41BAE5A}' CORECLR_PROFILER_PATH="$profiler" \
        CORECLR_NEW_RELIC_HOME="$home" NEW_RELIC_PROFILER_LOG_DIRECTORY="$work/$name.logs" NEWRELIC_VALIDATION_OUTPUT="$work/$name" \
        NEW_RELIC_LOG_LEVEL=info "$@" dotnet "$dotnet_out/WebSample/Contoso.Web.dll" >"$work/$name.out" 2>&1
}
# runs NAME: the application answered, and the agent was told of as many ends as starts
runs() {
    local starts finishes
    starts=$(grep -c '^start #' "$work/$1.out")
    finishes=$(grep -c '^finish #' "$work/$1.out")
    grep -q '^the application got: hello web; hello web' "$work/$1.out" && [ "$starts" -gt 0 ] && [ "$starts" = "$finishes" ]
}
logged() { cat "$work/$1.logs"/*.log | grep -qF -- "$2"; }
shadow_logged() { cat "$work/$1.logs"/*.shadow.log | grep -qE -- "$2"; }
not() { ! "$@"; }
# readable FILE...: every line is an object, the first says the format, and there are bodies
readable() {
    python3 - "$@" <<'PY'
import json, sys
for path in sys.argv[1:]:
    kinds = [json.loads(line)["ev"] for line in open(path, encoding="utf-8")]
    assert kinds[0] == "recording" and kinds.count("setil") > 0, path
PY
}

# ---- recording -------------------------------------------------------------------------------------------------------------
web off
check "off: the application runs" runs off
check "off: no recording" not test -e "$work/off"
web zero NEWRELIC_VALIDATION_ENABLED=0
check "0 is off" not test -e "$work/zero"
web on NEWRELIC_VALIDATION_ENABLED=1
check "recording: the application runs" runs on
check "recording: every line can be read" readable "$work"/on/*.jsonl
check "recording: for its owner only" test "$(stat -c %a "$work"/on/*.jsonl)" = 600
check "recording: it has an end" grep -q '"ev":"shutdown"' "$work"/on/*.jsonl
web target NEWRELIC_VALIDATION_ENABLED=1 NEWRELIC_VALIDATION_TARGET="$other"
check "target: the application runs" runs target
check "target: the recording names it" grep -q "\"profiler\":\"$other\"" "$work"/target/*.jsonl
check "target: one line of the log names it" shadow_logged target "Loaded the profiler $other, because NEWRELIC_VALIDATION_TARGET"
if [ -x "$root/build/linux-x64/nrprof" ] && "$root/build/linux-x64/nrprof" diff --help >/dev/null 2>&1; then
    check "the library and the target: identical" "$root/build/linux-x64/nrprof" diff "$work"/on/*.jsonl "$work"/target/*.jsonl
else
    skip "the library and the target: identical" "there is no nrprof diff in build/linux-x64"
fi

# ---- bad input -----------------------------------------------------------------------------------------------------------
echo text >"$work/file"
web file NEWRELIC_VALIDATION_ENABLED=1 NEWRELIC_VALIDATION_OUTPUT="$work/file"
check "an output that is a file: the application runs" runs file
check "an output that is a file: one WARN line" test "$(cat "$work"/file.logs/*.log | grep -c '^\[Warn \].*There is no validation recording')" = 1
web notprofiler NEWRELIC_VALIDATION_TARGET="$(dirname "$(command -v true)")/true"
check "a target that is no library: the application runs" runs notprofiler
check "a target that is no library: one WARN line" logged notprofiler "NEWRELIC_VALIDATION_TARGET is not used"
web relative NEWRELIC_VALIDATION_SHADOW=libOther.so
check "a relative path is refused" logged relative "libOther.so: the path is not absolute"
web ourselves NEWRELIC_VALIDATION_SHADOW="$profiler"
check "the library itself is refused" logged ourselves "$profiler: the file is this library itself"
cp "$profiler" "$work/writable.so" && chmod 666 "$work/writable.so"
web writable NEWRELIC_VALIDATION_SHADOW="$work/writable.so"
check "a file that everybody may write is refused" logged writable "every user may write to the file"
check "what is refused changes nothing" runs writable
if mkdir "$work/small" && mount -t tmpfs -o size=8k none "$work/small" 2>/dev/null; then
    web full NEWRELIC_VALIDATION_ENABLED=1 NEWRELIC_VALIDATION_OUTPUT="$work/small"
    check "a full disk: the application runs" runs full
    check "a full disk: one WARN line" test "$(cat "$work"/full.logs/*.log | grep -c 'The validation recording ends here')" = 1
    check "a full disk: what is there can be read" python3 -c 'import json,sys; [json.loads(l) for l in open(sys.argv[1])]' "$work"/small/*.jsonl
    umount "$work/small"
else
    skip "a full disk" "no small file system can be mounted here"
fi

# ---- shadow run ------------------------------------------------------------------------------------------------------------
clean='Shadow run: [1-9][0-9]* compared, ([0-9]+) identical, 0 token numbering only, 0 different, 0 only by .* in charge, 0 only by'
web shadow NEWRELIC_VALIDATION_ENABLED=1 NEWRELIC_VALIDATION_SHADOW="$other"
check "shadow: the application runs" runs shadow
check "shadow: all identical" shadow_logged shadow "$clean"
check "shadow: two recordings" readable "$work"/shadow/*.jsonl
web reverse NEWRELIC_VALIDATION_SHADOW="$other" NEWRELIC_VALIDATION_SHADOW_REVERSE=1
check "shadow, reversed: the application runs" runs reverse
check "shadow, reversed: all identical" logged reverse "0 token numbering only, 0 different, 0 only by"
check "shadow, reversed: both logs" test "$(ls "$work"/reverse.logs | wc -l)" = 2

mutator=$root/build/obj/linux-x64/libvalidate_mutator.so
if cmake --build "$root/build/obj/linux-x64" --target validate_mutator >"$work/mutator.log" 2>&1; then
    for kind in byte drop string clause; do
        web "$kind" NEWRELIC_VALIDATION_SHADOW="$mutator" NEWRELIC_VALIDATION_SHADOW_REVERSE=1 MUTATOR_TARGET="$work/libOther.so" MUTATOR_KIND=$kind
        token=$(sed -n "s/^mutated $kind //p" "$work/$kind.out")
        case $kind in
        drop) what="only-charge: .* $token: written" ;;
        string) what="different: .* $token: token at .* / .*\"mutated\"" ;;
        *) what="different: .* $token: (byte|token) at 0x" ;;
        esac
        if [ -z "$token" ]; then
            fail "mutation $kind is found and named" "the mutator has not struck"
        else
            check "mutation $kind is found and named" grep -qE "Shadow run: $what" "$work/$kind.logs"/*.log
        fi
        check "mutation $kind: the application runs" runs "$kind"
    done
else
    tail -n 3 "$work/mutator.log"
    fail "mutations" "the profiler with mistakes does not build"
fi

# ---- rollout ---------------------------------------------------------------------------------------------------------------
web percent NEW_RELIC_PROFILER_FALLBACK="$other" NEW_RELIC_PROFILER_FALLBACK_PERCENT=100
check "fallback of 100 percent: the application runs" runs percent
check "fallback of 100 percent: the log says so" shadow_logged percent "one of the 100 percent that the fallback gets"
web none NEW_RELIC_PROFILER_FALLBACK="$other"
check "a fallback that is not needed is not loaded" not logged none "Loaded the profiler"
check "a fallback that is not needed: the application runs" runs none
web wrong NEW_RELIC_PROFILER_FALLBACK="$other" NEW_RELIC_PROFILER_FALLBACK_PERCENT=lots
check "a percentage that is none: one WARN line" logged wrong "NEW_RELIC_PROFILER_FALLBACK_PERCENT is not a number from 0 to 100: lots"
mv "$home/newrelic.config" "$work/"
web unconfigured NEW_RELIC_PROFILER_FALLBACK="$other"
mv "$work/newrelic.config" "$home/"
check "a missing configuration is no reason for the fallback" not logged unconfigured "takes over"
# This library gets no event mask, so it cannot start; nor can the fallback take its place in front of the CLR.
if [ -f "$mutator" ]; then
    cp "$mutator" "$work/old.so"
    web old CORECLR_PROFILER_PATH="$mutator" MUTATOR_KIND=old MUTATOR_TARGET="$work/libOther.so" NEW_RELIC_PROFILER_FALLBACK="$work/old.so"
    check "a fallback that is too old: one ERROR line" shadow_logged old \
        "^.Error. .* The fallback profiler cannot take over: $work/old.so makes no ICorProfilerCallback4 \(80004002\)"
    check "a fallback that is too old: the application runs" grep -q '^the application got: hello web; hello web' "$work/old.out"
fi

# ---- kill ------------------------------------------------------------------------------------------------------------------
# From the outside, as soon as a body has been written.
web kill NEWRELIC_VALIDATION_ENABLED=1 &
until grep -qs '"ev":"setil"' "$work"/kill/*.jsonl || ! kill -0 $! 2>/dev/null; do sleep 0.05; done
victim=$(basename "$work"/kill/*.jsonl .jsonl)
kill -9 "${victim##*.}" 2>/dev/null
wait $! 2>/dev/null
check "kill -9: it did not end by itself" not grep -q '"ev":"shutdown"' "$work"/kill/*.jsonl
check "kill -9: every line can be read" readable "$work"/kill/*.jsonl

[ -n "$all" ] || finish

# ---- every method of 13 assemblies ---------------------------------------------------------------------------------------------
shared=${NRPROF_SHARED:-$root/../shared}
if [ ! -f "$shared/tools/recorder/run.sh" ]; then
    skip "13 assemblies" "no recorder in $shared/tools/recorder (set NRPROF_SHARED)"
    finish
fi
cp -r "$shared/tools/recorder" "$work/recorder" && chmod -R u+rwX "$work/recorder"
# every NAME [VARIABLE=VALUE...]: the recorder's driver prepares them under the profiler, the recorder itself only when RECORD=1
every() {
    local name=$1 direct=1
    shift
    if [ "${RECORD:-}" = 1 ]; then direct=; fi
    RECORDER_HOME=$work/driver-home DIRECT=$direct EXTRA="$*" "$work/recorder/run.sh" "$profiler" "$work/$name.jsonl" "$work/recorder/lists/open.txt" \
        >"$work/$name.out" 2>&1
    mv "$work/$name.jsonl.logs" "$work/$name.logs"
}
RECORD=1 every recorded
every self NEWRELIC_VALIDATION_ENABLED=1 NEWRELIC_VALIDATION_OUTPUT="$work/self"
verdict=$(python3 "$work/recorder/compare.py" --events "$work/recorded.jsonl" "$work"/self/*.jsonl | tail -n 1)
say "$verdict"
check "recorded by itself as by the recorder" grep -qE '^([1-9][0-9]*) methods, \1 byte-identical' <<<"$verdict"
every both NEWRELIC_VALIDATION_SHADOW="$other"
check "shadow of 13 assemblies: all identical" shadow_logged both "$clean"
grep -h 'Shadow run: .* identical' "$work"/both.logs/*.shadow.log | tail -n 1
every turned NEWRELIC_VALIDATION_SHADOW="$other" NEWRELIC_VALIDATION_SHADOW_REVERSE=1
check "shadow of 13 assemblies, reversed: all identical" grep -qE "$clean" "$work"/turned.logs/*.log
finish
