#!/usr/bin/env bash
# registry.sh TARGET: what `nrprof env --registry` writes is put into the registry of the target's wine, read back in both views, and taken by
# the library as its home. Afterwards the keys are gone. "N passed, N failed, N skipped".
set -u
. "$(dirname "$0")/../../scripts/lib.sh"
target=${1:?usage: registry.sh windows-x64|windows-x86}
cd "$root" || exit 1
. "$root/tests/checks.sh"
if ! why=$(can_run "$target"); then
    skip "registry of $target" "$why"
    finish
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
# read_back_in VIEW HOME [DLL]: without DLL what the file says of the class ids is left out
read_back_in() {
    local class key view=$1
    check "home in view ${view#*:} is $2" test "$(value "$agent" "$view" '"NewRelicHome"')" = "$2"
    [ -n "${3:-}" ] || return 0
    for class in "$core" "$framework"; do
        key="HKLM\\SOFTWARE\\Classes\\CLSID\\$class\\InprocServer32"
        check "$class in view ${view#*:} is $3" test "$(value "$key" "$view" @)" = "$3"
        check "threading model of $class in view ${view#*:}" test "$(value "$key" "$view" '"ThreadingModel"')" = Both
    done
}
read_back() { # HOME
    if [ "$target" = windows-x64 ]; then
        read_back_in /reg:64 "$1" "$1\\NewRelic.Profiler.dll"
        read_back_in /reg:32 "$1" "$1\\x86\\NewRelic.Profiler.dll"
    else
        # A 32-bit Windows has one view. The file is for a 64-bit one, where the plain key is that of 64-bit processes.
        read_back_in /reg:32 "$1"
        skip InprocServer32 "the file of \`nrprof env --registry\` is for a 64-bit Windows"
    fi
}
check "a home in ASCII is imported" put 'C:\Program Files\New Relic\.NET Agent' ''
read_back 'C:\Program Files\New Relic\.NET Agent'
check "a home outside of ASCII is imported" put "$windows_home" utf-16
read_back "$windows_home"

export NRPROF_TEST_HOME=$windows_home
lines=$(run_target "$target" "$tool" test tests/windows/registry_home.lua 2>&1 | tr -d '\r')
say "$lines"
read -r p _ f _ <<<"$(tail -n 1 <<<"${lines//,/}")"
passed=$((passed + ${p:-0})) failed=$((failed + ${f:-1}))
finish
