#!/usr/bin/env bash
# check.sh [TARGET]: the package of a target (default linux-x64) as its user meets it: sums, list of contents, the library that was built,
# and install and rollback by the nrprof of the unpacked package. "N passed, N failed, N skipped".
set -u
. "$(dirname "$0")/../../scripts/lib.sh"
target=${1:-linux-x64}
packages=$root/build/packages
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. "$root/tests/checks.sh"
version=$(sed -nE 's/^project\(nrprof VERSION ([0-9.]+).*/\1/p' "$root/CMakeLists.txt")
name=nrprof-$version-$target
built=$(library_of "$target")
library=${built##*/}

sums=$(cd "$packages" && grep -E " $name(-symbols)?\.(tar\.gz|zip|spdx\.json)$" SHA256SUMS)
check "SHA256SUMS names the package, its symbols and its list" test "$(wc -l <<<"$sums")" = 3
(cd "$packages" && sha256sum --quiet --strict -c - <<<"$sums") >&2
check "the sums are right" test $? = 0
case $target in
windows-*) python3 -m zipfile -e "$packages/$name.zip" "$work" ;;
*) tar -xzf "$packages/$name.tar.gz" -C "$work" ;;
esac
top=$work/$name
check "the package unpacks" test -d "$top"
check "its library is the one that was built" cmp "$built" "$top/$library"
check "its list names every file with its sum" python3 - "$work" "$top/sbom.spdx.json" <<'PYTHON'
import hashlib, json, pathlib, sys
top = pathlib.Path(sys.argv[1])
listed = {f["fileName"]: next(c["checksumValue"] for c in f["checksums"] if c["algorithm"] == "SHA256")
          for f in json.load(open(sys.argv[2]))["files"]}
found = {"./" + p.relative_to(top).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
         for p in top.rglob("*") if p.is_file() and p.name != "sbom.spdx.json"}
sys.exit(0 if listed == found and len(found) > 10 else f"list and package differ in {sorted(set(listed.items()) ^ set(found.items()))}")
PYTHON

if ! why=$(can_run "$target"); then
    skip "install and rollback of $target" "$why"
    finish
fi
tool=$top/nrprof
[ -f "$tool" ] || tool=$tool.exe
chmod +x "$tool" # a zip brings no modes along
# A profiler for that processor with all of the agent's exports that does not say it is nrprof.
home=$work/home
mkdir "$home"
python3 - "$built" "$home/$library" <<'PYTHON'
import sys
data = open(sys.argv[1], "rb").read()
assert data.count(b"nrprof %s, commit %s") == 1
open(sys.argv[2], "wb").write(data.replace(b"nrprof %s, commit %s", b"another one is this "))
PYTHON
cp "$home/$library" "$work/theirs"
nrprof() { run_target "$target" "$tool" "$@" >"$work/out" 2>&1; }
refused() { ! nrprof "$@"; }
check "install" nrprof install --home "$home"
check "the library is in place" cmp "$home/$library" "$built"
check "the one before it is kept" cmp "$home/$library.before-nrprof" "$work/theirs"
check "a second install is refused" refused install --home "$home"
check "rollback" nrprof rollback --home "$home"
check "the one before it is back" cmp "$home/$library" "$work/theirs"
check "a second rollback is refused" refused rollback --home "$home"
echo "no profiler" >"$home/$library"
check "install over a file that is no profiler is refused" refused install --home "$home"
check "that file stays" grep -qx "no profiler" "$home/$library"
finish
