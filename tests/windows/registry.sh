#!/usr/bin/env bash
# registry.sh TARGET: what `nrprof env --registry` writes is put into the registry of the target's wine, read back in both views, and taken by
# the library as its home. Afterwards the keys are gone. "N passed, N failed, N skipped".
set -u
. "$(dirname "$0")/../../scripts/lib.sh"
target=${1:?usage: registry.sh windows-x64|windows-x86}
cd "$root" || exit 1
passed=0 failed=0 skipped=0
check() { # WHAT CONDITION...
    local what=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        say "FAIL $what"
        failed=$((failed + 1))
    fi
}
if ! why=$(can_run "$target"); then
    say "skip registry of $target: $why"
    say "0 passed, 0 failed, 1 skipped"
    exit 0
fi
tool=build/$target/nrprof.exe
work=$(mktemp -d)
# A name that no code page has as a whole, and a long one.
home="$work/ä€😀 home/$(printf 'n%.0s' {1..120})/$(printf 'm%.0s' {1..120})"
windows_home="Z:${home//\//\\}"
mkdir -p "$home/extensions"
core='{36032161-FFC0-4B61-B559-F6C5D41BAE5A}' framework='{71DA0A04-7777-4EC6-9743-7D28B46A8A41}'
agent='HKLM\SOFTWARE\New Relic\.NET Agent'

reg() { run_target "$target" reg "$@" 2>/dev/null | tr -d '\r'; }
# value KEY VIEW NAME: the text of a value, "@" for that without a name. By export: what `reg query` prints is in a code page.
value() {
    rm -f "$work/read.reg"
    reg export "$1" "Z:${work//\//\\}\\read.reg" "$2" /y >/dev/null
    iconv -f UTF-16 -t UTF-8 "$work/read.reg" | tr -d '\r' | sed -nE "s/^$3=\"(.*)\"\$/\1/p" | sed 's/\\\\/\\/g'
}
remove() {
    local view
    for view in /reg:64 /reg:32; do
        reg delete "$agent" $view /f
        reg delete "HKLM\\SOFTWARE\\Classes\\CLSID\\$core" $view /f
        reg delete "HKLM\\SOFTWARE\\Classes\\CLSID\\$framework" $view /f
    done >/dev/null
    rm -rf "$work"
}
trap remove EXIT

# put HOME UTF16: the file as cmd.exe's `>` writes it, or as PowerShell's, in UTF-16 with its mark
put() {
    run_target "$target" "$tool" env --registry --home "$1" >"$work/plain.reg" || return 1
    if [ -n "$2" ]; then
        { printf '\377\376' && iconv -f ASCII -t UTF-16LE "$work/plain.reg"; } >"$work/nrprof.reg" || return 1
    else
        cp "$work/plain.reg" "$work/nrprof.reg"
    fi
    reg import "Z:${work//\//\\}\\nrprof.reg" >/dev/null
}
views=(/reg:64 /reg:32)
[ "$target" = windows-x64 ] || views=(/reg:32) # a 32-bit Windows has one
read_back() { # HOME
    local view dll class key
    for view in "${views[@]}"; do
        dll="$1\\NewRelic.Profiler.dll"
        [ "$view" = /reg:64 ] || dll="$1\\x86\\NewRelic.Profiler.dll"
        # The file is for a 64-bit Windows, where the plain key is that of 64-bit processes.
        if [ "$target" != windows-x64 ]; then
            say "skip InprocServer32: the file of \`nrprof env --registry\` is for a 64-bit Windows"
            skipped=$((skipped + 1))
            check "home in view ${view#*:} is $1" test "$(value "$agent" "$view" '"NewRelicHome"')" = "$1"
            continue
        fi
        for class in "$core" "$framework"; do
            key="HKLM\\SOFTWARE\\Classes\\CLSID\\$class\\InprocServer32"
            check "$class in view ${view#*:} is $dll" test "$(value "$key" "$view" @)" = "$dll"
            check "threading model of $class in view ${view#*:}" test "$(value "$key" "$view" '"ThreadingModel"')" = Both
        done
        check "home in view ${view#*:} is $1" test "$(value "$agent" "$view" '"NewRelicHome"')" = "$1"
    done
}
check "a home in ASCII is imported" put 'C:\Program Files\New Relic\.NET Agent' ''
read_back 'C:\Program Files\New Relic\.NET Agent'
check "a home outside of ASCII is imported" put "$windows_home" utf-16
read_back "$windows_home"

export NRPROF_TEST_HOME=$windows_home
lines=$(run_target "$target" "$tool" test tests/windows/registry_home.lua 2>&1 | tr -d '\r')
say "$lines"
read -r p _ f _ <<<"$(tail -n 1 <<<"${lines//,/}")"
say "$((passed + ${p:-0})) passed, $((failed + ${f:-1})) failed, $skipped skipped"
[ $((failed + ${f:-1})) = 0 ]
