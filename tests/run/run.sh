#!/usr/bin/env bash
# run.sh [NRPROF]: `nrprof run` with the sample application on a real CLR (default: build/linux-x64/nrprof).
set -u
. "$(dirname "$0")/../../scripts/lib.sh"
nrprof=$(realpath "${1:-$root/build/linux-x64/nrprof}")
app=$root/build/dotnet/ConsoleSample/Contoso.Console.dll
passed=0 failed=0
pass() { echo "ok   $1"; passed=$((passed + 1)); }
fail() { echo "FAIL $1"; failed=$((failed + 1)); }
finish() {
    echo "$passed passed, $failed failed, ${1:-0} skipped"
    [ $failed = 0 ]
    exit
}
skip_all() {
    echo "skip nrprof run: $1"
    finish 1
}
reason=$(need_dotnet) || skip_all "$reason"
[ -x "$nrprof" ] || skip_all "there is no $nrprof"
. "$root/samples/dotnet.sh"
[ -f "$app" ] || dotnet_build "$root/samples/console" || fail "the sample does not build"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Times, durations, threads, and whether a task had ended differ from run to run.
plain() { sed -E 's/a task, (still running|done)/a task/; s/^ *[0-9]+\.[0-9]{3}  thread [0-9]+ */T /; s/ \([0-9.]+ m?s\)$/ (t)/; s/after [0-9.]+ m?s$/after t/'; }
# same WHAT FILE: is FILE what standard input says?
same() {
    if diff -u - "$2" >"$work/diff"; then
        pass "$1"
    else
        sed 's/^/     /' "$work/diff"
        fail "$1"
    fi
}
run() { "$nrprof" run "$@" >"$work/out" 2>"$work/err"; }

# What the application prints without a profiler is what it prints with one.
dotnet "$app" >"$work/expected" 2>/dev/null
# Shop and Refused carry [Transaction] and [Trace]: the profiler takes them without a rule.
run --trace '[Contoso.Console]Contoso.Cart::Add [Contoso.Console]Contoso.Cart::Total [Contoso.Console]Contoso.Cart::CheckOutAsync' -- dotnet "$app"
code=$?
same "the application's output is its own" "$work/out" <"$work/expected"
if [ $code = 0 ]; then pass "its exit code, 0"; else fail "exit code $code instead of 0"; fi
# Shop gives its task back when it waits for the first time; what follows goes on in another thread, at the same time.
shop='T < Contoso.Program.Shop = a task (t)'
grep -v -e 'its task ended' "$work/err" | plain >"$work/all"
grep -vxF "$shop" "$work/all" >"$work/trace"
if [ "$(grep -cxF "$shop" "$work/all")" = 1 ]; then pass "a method that waits has one end"; else fail "no end of Shop, or several"; fi
same "calls, arguments, results, tasks and exceptions" "$work/trace" <<'END'
T > Contoso.Program.Shop()
T > Contoso.Cart.Add("apple")
T > Contoso.Cart.Add("apple", 1)
T < Contoso.Cart.Add = 1 (t)
T < Contoso.Cart.Add = 1 (t)
T > Contoso.Cart.Add("pear", 3)
T < Contoso.Cart.Add = 3 (t)
T > Contoso.Cart.CheckOutAsync("Ada")
T < Contoso.Cart.CheckOutAsync = a task (t)
T > Contoso.Cart.Total(0.5)
T < Contoso.Cart.Total = 2.0 (t)
T > Contoso.Program.Refused()
T > Contoso.Cart.CheckOutAsync("Bob")
T < Contoso.Cart.CheckOutAsync = a task, faulted (t)
T ! Contoso.Program.Refused threw System.NotSupportedException: thrown to show an exceptional finish (t)
nrprof: 8 calls of 6 methods, exit code 0
END
if [ "$(grep -c 'a task, still running' "$work/err")" = "$(grep -cE '\* Contoso\.[A-Za-z.]+: its task ended after [0-9.]+ m?s$' "$work/err")" ]; then
    pass "every task that was running has an end"
else
    fail "tasks without an end, or ends without a task"
    cat "$work/err"
fi
if grep -q '  > Contoso.Cart.Add("apple", 1)' "$work/err"; then pass "calls inside of calls are indented"; else fail "no indentation"; fi

# A rule directory with a template of its own, the calls in a file as JSON, near misses.
mkdir -p "$work/rules/templates"
cat >"$work/rules/shop.lua" <<'END'
tracer {}
  match { assembly = "Contoso.Console", class = "Contoso.Cart", "Total(System.Decimal)", "total" }
tracer { template = "hello" }
  match { assembly = "Contoso.Console", class = "Contoso.Depot`1", "Reserve" }
END
cat >"$work/rules/templates/hello.lua" <<'END'
template {
  name = "hello",
  locals = { { "result", "$return" } },
  body = function(m)
    ldstr "hello from ${method}"
    call "void [mscorlib]System.Console::WriteLine(string)"
    original()
    if m.returns then stloc "result" ldloc "result" end
    ret()
  end,
}
END
run --json --why --rules "$work/rules" --output "$work/calls" -- dotnet "$app"
sed -E 's/"(ns|time)":[^,}]*/"\1":0/g; s/"thread":"[0-9]+"/"thread":"1"/; s/"thread": "[0-9]+"/"thread": "1"/' "$work/calls" | grep Total >"$work/json"
same "calls as lines of JSON in a file" "$work/json" <<'END'
{"arguments": ["0.5"],"assembly": "Contoso.Console","depth": 0,"kind": "call","method": "Contoso.Cart.Total","parameters": "System.Decimal","thread": "1","time":0}
{"depth": 0,"kind": "returned","method": "Contoso.Cart.Total","ns":0,"result": "2.0","thread": "1","time":0}
END
same "why a rule matches nothing" "$work/err" <<END
nrprof: $work/rules/shop.lua:2: Contoso.Cart.total matches nothing: Contoso.Cart has no method 'total', did you mean 'Total'?
nrprof: 3 calls of 3 methods, exit code 0
END
if grep -q '^hello from Reserve$' "$work/out"; then pass "a template of one's own"; else fail "the template was not used"; fi

run --why --trace '[Contoso.Console]Contoso.Cart::total' -- dotnet "$app"
grep '^nrprof: .*total' "$work/err" >"$work/why"
same "why a pattern matches nothing, once" "$work/why" <<'END'
nrprof: --trace: Contoso.Cart.total matches nothing: Contoso.Cart has no method 'total', did you mean 'Total'?
END

# Exit codes and programs that are no .NET application.
run --trace '[A]B::C' -- sh -c 'echo said >&2; exit 3'
code=$?
if [ $code = 3 ] && grep -q '^said$' "$work/err" && grep -q 'the profiler was not loaded' "$work/err"; then
    pass "another program's exit code and errors"
else
    fail "another program: exit code $code"
    cat "$work/err"
fi
run --trace '[A]B::C' -- sh -c 'kill -TERM $$'
code=$?
if [ $code = 143 ]; then pass "a program ended by a signal"; else fail "exit code $code instead of 143"; fi
finish
