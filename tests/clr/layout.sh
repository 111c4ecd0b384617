#!/usr/bin/env bash
# layout.sh TARGET: the library's functions and records as C# declares them (layout/), on TARGET: linux-x64 with the installed
# runtime, others under their emulator with a runtime from the package source. What cannot be had is skipped.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../scripts/lib.sh"
. "$here/../../samples/dotnet.sh"
target=${1:?usage: layout.sh TARGET}
library=$(library_of "$target")
skip() {
    say "skip layout on $target: $1"
    say "0 passed, 0 failed, 1 skipped"
    exit 0
}
rid=$(rid_of "$target")
[ -n "$rid" ] || skip "Microsoft has no package of a .NET runtime for it"
reason=$(need_dotnet) || skip "$reason"
reason=$(can_run "$target") || skip "$reason"
[ -f "$library" ] || skip "there is no $library"

if [ "$target" != linux-x64 ]; then dotnet_for "net$(dotnet --version | cut -d. -f1).0" "$rid"; fi
if ! output=$(dotnet_build "$here/layout"); then
    if [ "$target" != linux-x64 ] && missing=$(dotnet_missing "$output"); then skip "$missing"; fi
    say "$output"
    say "0 passed, 1 failed, 0 skipped"
    exit 1
fi
export NRPROF_CLR_TARGET=$target DOTNET_TieredCompilation=0
program=$dotnet_out/Clr.Layout/Clr.Layout
case $target in
linux-x64) dotnet "$program.dll" "$library" ;;
windows-*)
    "$here/launch.sh" "$program.exe" >/dev/null 2>&1 # a first start makes wine's configuration, and talks about it
    "$here/launch.sh" "$program.exe" "Z:${library//\//\\}"
    ;;
*) "$here/launch.sh" "$program" "$library" ;;
esac | tr -d '\r'
status=${PIPESTATUS[0]}
[ "$status" -le 1 ] || say "FAIL the program ended with $status"
exit "$status"
