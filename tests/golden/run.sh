#!/bin/bash
# run.sh [OPTION…] [PROFILER_SO] [LIST…]
#
# Records what PROFILER_SO (default: build/linux-x64/libNewRelicProfiler.so) does to every method of the assemblies in LIST, on the
# real CLR, and compares method bodies, token meanings, ReJIT requests and emissions with what the C++ profiler did.
# Each recording is one test. Without options and lists: Newtonsoft.Json.
#
#   --small    Newtonsoft.Json                         against newtonsoft.jsonl.xz
#   --open     13 assemblies                           against open.jsonl.xz
#   --reverse  the same, prepared backwards            against open-reverse.jsonl.xz
#   --shipped  with the 45 shipped extension files     against shipped.jsonl.xz
#   --net8     Newtonsoft.Json on .NET 8               against newtonsoft.jsonl.xz
#   --net9     likewise on .NET 9
#   --overlay  a changed template and a changed XML mapping in the home directory change exactly what they say
#   --log      the profiler log of a web application at info, debug and finest, against golden/logs
#   --diff     nrprof diff finds and names what was changed in a recording, and counts like the recorder's comparison
#   --sim      small and open once more, by nrprof record on the simulated CLR
#   --targets  small by nrprof record of every other target, and by that of linux-x64-musl with the library of linux-x64
#   --work     runs instrumented code: nothing fails to compile, every start has its finish
#   --jit      the verifier's verdicts on more than 50,000 rewritten methods of the shared framework against the JIT's
#   --all      all of these but --targets, for which the targets have to be built
#   --against SO   a LIST that has no golden recording is recorded with SO as well, and the two are compared
#   --keep     keep the recordings (build/golden/out)
#
# LIST: a file of assembly names as in the recorder's lists/. Environment: NRPROF_SHARED (default ../shared beside the repository)
# holds tools/recorder, golden and data/extensions; NRPROF_BUILD (default build) takes the recorder's copy and its output.
set -u
. "$(dirname "$0")/../../scripts/lib.sh"
shared=${NRPROF_SHARED:-$root/../shared}
build=${NRPROF_BUILD:-$root/build}/golden
variants=() lists=() so='' against='' keep=''
while [ $# -gt 0 ]; do
  case $1 in
    --small|--open|--reverse|--shipped|--net8|--net9|--overlay|--log|--diff|--sim|--targets|--work|--jit) variants+=("${1#--}");;
    --all) variants=(small open reverse shipped net8 net9 overlay log diff sim work jit);;
    --against) against=${2:?--against needs a library}; shift;;
    --keep) keep=1;;
    -h|--help) sed -n '2,/^set -u/{/^set -u/d;s/^# \{0,1\}//;p}' "$0"; exit 0;;
    -*) echo "unknown option $1 (see --help)" >&2; exit 2;;
    *) if [ -z "$so" ]; then so=$1; else lists+=("$1"); fi;;
  esac
  shift
done
so=${so:-$root/build/linux-x64/libNewRelicProfiler.so}
[ ${#variants[@]} -gt 0 ] || [ ${#lists[@]} -gt 0 ] || variants=(small)

passed=0 failed=0 skipped=0
pass() { echo "PASS $1"; passed=$((passed + 1)); }
fail() { echo "FAIL $1: $2"; failed=$((failed + 1)); }
skip() { echo "SKIP $1: $2"; skipped=$((skipped + 1)); }
finish() {
  echo "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" = 0 ]; exit
}
skip_all() {
  for v in "${variants[@]}" "${lists[@]}"; do skip "$v" "$1"; done
  finish
}

[ -f "$shared/tools/recorder/run.sh" ] || skip_all "no recorder in $shared/tools/recorder (set NRPROF_SHARED)"
reason=$(need_dotnet) || skip_all "$reason"
for tool in g++ python3 xz; do command -v $tool >/dev/null || skip_all "no $tool on this machine"; done
[ -f "$so" ] || { for v in "${variants[@]}" "${lists[@]}"; do fail "$v" "no profiler at $so (scripts/build.sh makes it)"; done; finish; }
so=$(realpath "$so")
tool=$root/build/linux-x64/nrprof

# The recorder builds beside its sources, so it works on a copy; a changed source is copied again and what was built of it is dropped.
rec=$build/recorder out=$build/out
mkdir -p "$build" "$out"
if ! diff -qr -x bin -x obj -x librecorder.so -x __pycache__ -x run.sh "$shared/tools/recorder" "$rec" >/dev/null 2>&1; then
  rm -rf "$rec"
  cp -r "$shared/tools/recorder" "$rec" && chmod -R u+rwX "$rec" || skip_all "cannot copy the recorder to $rec"
fi
# The recorder empties the home directory before each run; OVERLAY names a directory whose contents it gets then.
grep -q OVERLAY "$rec/run.sh" || sed -i 's#^rm -rf "\$out" #[ -z "$OVERLAY" ] || cp -r "$OVERLAY"/. "$home"/\n&#' "$rec/run.sh"

# record NAME SO LIST [NAME=VALUE…]: the recording is $out/NAME.jsonl, what was printed $out/NAME.txt
record() {
  local name=$1 lib=$2 list=$3; shift 3
  env "$@" "$rec/run.sh" "$lib" "$out/$name.jsonl" "$list" > "$out/$name.out" 2>&1
}
# by_diff NAME REFERENCE: nrprof diff finds the same: everything identical, events, too
by_diff() {
  local name=$1 reference=$2 line rc
  [ -x "$tool" ] || return
  case $reference in *.xz) xz -dc "$reference" > "$out/$name.reference.jsonl"; reference=$out/$name.reference.jsonl;; esac
  line=$("$tool" diff "$reference" "$out/$name.jsonl" 2>&1 | tail -n 1; exit "${PIPESTATUS[0]}"); rc=$?
  if [ $rc = 0 ] && grep -qE '^([1-9][0-9]*) methods: \1 identical, .*; 0 event differences$' <<< "$line"; then pass "$name, nrprof diff: $line"
  else fail "$name, nrprof diff" "$line"; fi
}
# verdict NAME REFERENCE [OPTION…]: the comparison's last line; two empty recordings are equal too, hence the test for a number
verdict() {
  local name=$1 reference=$2; shift 2
  local text rc line
  text=$(python3 "$rec/compare.py" "$reference" "$out/$name.jsonl" "$@" 2>&1); rc=$?
  line=$(tail -n 1 <<< "$text")
  if [ $rc = 0 ] && grep -qE '^([1-9][0-9]*) methods, \1 byte-identical, ' <<< "$line"; then
    pass "$name: $line"
    echo "figure golden.$name.methods ${line%% *}"
    by_diff "$name" "$reference"
  else
    sed '$d; s/^/  /' <<< "$text" | cut -c1-300 | head -30
    fail "$name" "$line"
  fi
}
drop() { [ -n "$keep" ] || rm -rf "$out/$1".*; }

compare_golden() { # NAME GOLDEN LIST [NAME=VALUE…]
  local name=$1 golden=$shared/golden/$2 list=$rec/lists/$3; shift 3
  [ -f "$golden" ] || { skip "$name" "no $golden"; return; }
  if record "$name" "$so" "$list" "$@"; then verdict "$name" "$golden" --events
  else tail -5 "$out/$name.out"; fail "$name" 'the recording failed'; fi
  drop "$name"
}

# The self-contained driver needs the runtime pack of that version: from the local package folder or the configured package source.
compare_runtime() { # NAME TFM
  local name=$1 tfm=$2
  "$rec/run-sc.sh" "$so" "$out/$name.jsonl" "$rec/lists/small.txt" "$tfm" > "$out/$name.out" 2>&1
  local rc=$?
  if grep -qE 'error (NU1101|NU1102|NU1301|NETSDK1127)' "$out/$name.out"; then skip "$name" "the $tfm runtime pack cannot be had: $(grep -oE 'error (NU|NETSDK)[0-9]+' "$out/$name.out" | head -1)"
  elif [ $rc != 0 ]; then tail -5 "$out/$name.out"; fail "$name" 'the recording failed'
  else head -1 "$out/$name.out"; verdict "$name" "$shared/golden/newtonsoft.jsonl.xz" --events; fi
  drop "$name"
}

# Everything is instrumented, except what the C++ profiler is known to break (safexml.py finds that in a first recording), and used.
run_work() {
  record work-plan "$so" "$rec/lists/open.txt" || { tail -5 "$out/work-plan.out"; fail work 'the first recording failed'; return; }
  python3 "$rec/safexml.py" "$out/work-plan.jsonl" > "$out/work-safe.xml"
  record work "$so" "$rec/lists/open.txt" XML="$out/work-safe.xml" RUN_ARGS=--work EXTRA=MOCK_TRACER=1 || { tail -5 "$out/work.out"; fail work 'the run failed'; return; }
  local calls finished broken wrong
  read -r calls finished < <(sed -nE 's/^shim calls ([0-9]+), finished ([0-9]+),.*/\1 \2/p' "$out/work.out")
  broken=$(sed -nE 's/^total: prepared [0-9]+, failed ([0-9]+),.*/\1/p' "$out/work.out")
  wrong=$(grep -c '^work ' "$out/work.out"); wrong=$((wrong - $(grep -c '^work .*: ok$' "$out/work.out")))
  if [ "${calls:-0}" -gt 0 ] && [ "$calls" = "$finished" ] && [ "$broken" = 0 ] && [ "$wrong" = 0 ]; then
    pass "work: $calls starts, $finished finishes, no method failed to compile"
  else
    grep '^work ' "$out/work.out"; head -5 "$out/work.jsonl.methods"
    fail work "${calls:-no} starts, ${finished:-no} finishes, ${broken:-?} methods failed to compile, $wrong wrong results"
  fi
  drop work; drop work-plan; [ -n "$keep" ] || rm -f "$out/work-safe.xml"
}

# Without a profiler, with it, and in safe mode; without the recorder in between. The driver itself needs the two that are left out.
run_jit() {
  local core=(DIRECT=1 LOG=debug) framework list=$out/jit.list
  framework=$(dotnet --list-runtimes | sed -nE 's/^Microsoft.NETCore.App ([^ ]+) \[(.*)\]$/\2\/\1/p' | tail -n 1)
  { echo '@/bin/corpus/Newtonsoft.Json.dll'; find "$framework" -name '*.dll' -size +24k -printf '%f\n' | sed 's/\.dll$//' | grep -vxE 'System\.Private\.CoreLib|System\.Console' | sort; } > "$list"
  record jit-none none "$list" || { tail -5 "$out/jit-none.out"; fail jit 'the run without a profiler failed'; return; }
  record jit "$so" "$list" "${core[@]}" || { tail -5 "$out/jit.out"; fail jit 'the run failed'; return; }
  record jit-safe "$so" "$list" DIRECT=1 EXTRA='NEW_RELIC_SAFE_REWRITE=1 NEW_RELIC_PROFILER_FAULT_LIMIT=0' || { tail -5 "$out/jit-safe.out"; fail jit 'the run in safe mode failed'; return; }
  local text
  if text=$(python3 "$root/tests/golden/jit.py" "$out"/jit-none.jsonl.methods "$out"/jit.jsonl.methods "$out"/jit.jsonl.logs/*.log "$out"/jit-safe.jsonl.methods); then
    grep '^figure ' <<< "$text"; pass "jit: $(tail -n 1 <<< "$text")"
  else sed '$d' <<< "$text"; fail jit "$(tail -n 1 <<< "$text")"; fi
  drop jit; drop jit-none; drop jit-safe
}

# The bytes come from Lua: a copy of a file with one line changed, in the home directory, no rebuilding.
overlay() { # NAME KIND FILE SED-SCRIPT
  local name=overlay-$1 dir=$out/overlay-$1.home text
  rm -rf "$dir"; mkdir -p "$dir/instrumentation/$2"
  sed "$4" "$root/instrumentation/$2/$3" > "$dir/instrumentation/$2/$3"
  if ! record "$name" "$so" "$rec/lists/small.txt" OVERLAY="$dir"; then tail -5 "$out/$name.out"; fail "$name" 'the recording failed'
  elif text=$(python3 "$root/tests/golden/overlay.py" "$1" "$shared/golden/newtonsoft.jsonl.xz" "$out/$name.jsonl"); then pass "$name: $(tail -n 1 <<< "$text")"
  else fail "$name" "$text"; fi
  drop "$name"
}

# tools/web/log.sh expects recorder and data beside it, and writes there.
compare_logs() {
  local level text web=$build/shared/tools/web
  rm -rf "$build/shared"; mkdir -p "$build/shared/tools"
  cp -r "$shared/tools/web" "$build/shared/tools/"; cp -r "$shared/data" "$build/shared/"; ln -sfn "$rec" "$build/shared/tools/recorder"
  chmod -R u+w "$build/shared/tools/web" "$build/shared/data"
  for level in info debug finest; do
    if ! bash "$web/log.sh" "$so" $level "$out/log-$level.txt" > "$out/log-$level.out" 2>&1; then tail -5 "$out/log-$level.out"; fail "log-$level" 'the web application failed'
    elif text=$(python3 "$root/tests/golden/log_compare.py" $level "$shared/golden/logs/web-$level.log.xz" "$out/log-$level.txt"); then pass "log-$level: $(tail -n 1 <<< "$text")"
    else cut -c1-300 <<< "$text"; fail "log-$level" "$(tail -n 1 <<< "$text")"; fi
    drop log-$level
  done
}

compare_diff() {
  local golden=$shared/golden/newtonsoft.jsonl.xz text
  [ -x "$tool" ] || { skip diff "there is no $tool"; return; }
  [ -f "$golden" ] || { skip diff "no $golden"; return; }
  xz -dc "$golden" > "$out/diff.jsonl"
  if text=$(python3 "$root/tests/golden/diff_test.py" "$tool" "$rec/compare.py" "$out/diff.jsonl" "$out"); then pass "diff: $(tail -n 1 <<< "$text")"
  else grep DIFFERS <<< "$text"; fail diff "$(tail -n 1 <<< "$text")"; fi
  drop diff
}

# The same recordings without the runtime: nrprof record drives the library on its simulated CLR. The driver of the recorder is asked
# for the rule file (its first step), the order of the methods comes from the golden recording.
simulate() { # NAME GOLDEN LIST
  local name=sim-$1 golden=$shared/golden/$2 list=$rec/lists/$3 tool=$(dirname "$so")/nrprof home=/tmp/nrprof-golden-home start
  [ -x "$tool" ] || { skip "$name" "no nrprof beside the profiler"; return; }
  record "$name" "$so" "$list" RUN_ARGS="--only no-such-method" || { tail -5 "$out/$name.out"; fail "$name" 'the rules could not be made'; return; }
  xz -dc "$golden" > "$out/$name.order.jsonl"
  start=$(date +%s%N)
  if "$tool" record $(cut -f 7 "$out/$name.jsonl.tsv" | uniq | awk '!seen[$0]++') --profiler "$so" --home $home --order "$out/$name.order.jsonl" -o "$out/$name.jsonl" > "$out/$name.out" 2>&1; then
    verdict "$name" "$golden" --events
    echo "$name took $((($(date +%s%N) - start) / 1000000)) ms with the comparison"
  else tail -5 "$out/$name.out"; fail "$name" 'nrprof record failed'; fi
  drop "$name"
}

# Newtonsoft.Json on another target. Windows: the agent's DLL has to say what it is, and paths have the other separator; both are
# made equal here and nothing else is.
simulate_on() { # TARGET LIBRARY NAME
  local target=$1 library=$2 name=target-$3 golden=$shared/golden/newtonsoft.jsonl.xz program=$root/build/$1/nrprof home=/tmp/nrprof-golden-home why
  [ -f "$program" ] || program=$program.exe
  why=$(can_run "$target") || { skip "$name" "$why"; return; }
  [ -f "$program" ] && [ -f "$library" ] || { fail "$name" "there is no $program or no $library (scripts/build.sh $target makes them)"; return; }
  record "$name" "$so" "$rec/lists/small.txt" RUN_ARGS="--only no-such-method" || { tail -5 "$out/$name.out"; fail "$name" 'the rules could not be made'; return; }
  xz -dc "$golden" > "$out/$name.order.jsonl"
  case $target in windows-*) cp -f "$dotnet_out/NewRelic.Agent.Core/NewRelic.Agent.Core.dll" "$home/" ;; esac
  if run_target "$target" "$program" record $(cut -f 7 "$out/$name.jsonl.tsv" | uniq | awk '!seen[$0]++') --profiler "$library" --home $home --order "$out/$name.order.jsonl" -o "$out/$name.jsonl" > "$out/$name.out" 2>&1; then
    case $target in windows-*) sed -i 's#\(golden-home\)\\\\NewRelic#\1/NewRelic#g' "$out/$name.jsonl" ;; esac
    verdict "$name" "$golden" --events
  else tail -5 "$out/$name.out"; fail "$name" 'nrprof record failed'; fi
  drop "$name"
}
simulate_targets() {
  local target
  . "$root/samples/dotnet.sh"
  dotnet_build "$root/samples/agent"
  for target in $all_targets; do
    [ "$target" = linux-x64 ] || simulate_on "$target" "$(library_of "$target")" "$target"
  done
  simulate_on linux-x64-musl "$(library_of linux-x64)" linux-x64-on-musl
}

for v in "${variants[@]}"; do
  case $v in
    small)   compare_golden small newtonsoft.jsonl.xz small.txt;;
    open)    compare_golden open open.jsonl.xz open.txt;;
    reverse) compare_golden reverse open-reverse.jsonl.xz open.txt RUN_ARGS=--reverse;;
    shipped) compare_golden shipped shipped.jsonl.xz shipped.txt EXT="$shared/data/extensions";;
    net8)    compare_runtime net8 net8.0;;
    net9)    compare_runtime net9 net9.0;;
    overlay) overlay nop templates tracer.lua 's/^ *rethrow()$/& nop()/'
             overlay mapping rules extension_xml.lua 's/local SEGMENT, UNSCOPED, SCOPED = 1 << 10,/local SEGMENT, UNSCOPED, SCOPED = 1 << 9,/';;
    log)     compare_logs;;
    diff)    compare_diff;;
    sim)     simulate small newtonsoft.jsonl.xz small.txt; simulate open open.jsonl.xz open.txt;;
    targets) simulate_targets;;
    work)    run_work;;
    jit)     run_jit;;
  esac
done
n=0
for list in "${lists[@]}"; do
  n=$((n + 1)); name=list$n
  if [ ! -f "$list" ]; then fail "$list" 'no such list'
  elif [ -z "$against" ]; then skip "$list" 'no golden recording of this list (give --against with another profiler)'
  elif ! record "$name-reference" "$(realpath "$against")" "$(realpath "$list")"; then tail -5 "$out/$name-reference.out"; fail "$list" "the recording with $against failed"
  elif ! record "$name" "$so" "$(realpath "$list")"; then tail -5 "$out/$name.out"; fail "$list" 'the recording failed'
  else verdict "$name" "$out/$name-reference.jsonl" --events; fi
  drop "$name"; drop "$name-reference"
done
finish
