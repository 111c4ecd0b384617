#!/usr/bin/env bash
# transcript.sh [NRPROF]: the commands of docs/quickstart.md print what the page says (default: build/linux-x64/nrprof).
set -u
. "$(dirname "$0")/../../scripts/lib.sh"
nrprof=$(realpath "${1:-$root/build/linux-x64/nrprof}")
page=$root/docs/quickstart.md
passed=0 failed=0
if ! reason=$(need_dotnet); then
    echo "skip docs/quickstart.md: $reason"
    echo "0 passed, 0 failed, 1 skipped"
    exit
fi
. "$root/samples/dotnet.sh"
dotnet_build "$root/samples/sql" || failed=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/rules" "$work/bin" "$work/app"
cp "$dotnet_out"/Sql/Contoso.Sql.{dll,runtimeconfig.json} "$work/app/"
ln -s "$nrprof" "$work/bin/nrprof"
ln -s "$(dirname "$nrprof")/libNewRelicProfiler.so" "$work/bin/"
sed -n '/^```lua/,/^```$/{/^```/d;p}' "$page" >"$work/rules/shop.lua"
cd "$work" || exit 1
export PATH=$work/bin:$PATH

# Times are not compared; nor, for `run`, the order of lines of two streams.
plain() { sed -E 's/^ *[0-9]+\.[0-9]{3}  thread [0-9]+ */T /; s/ \([0-9.]+ m?s\)$/ (t)/' | if [ "$1" = run ]; then sort; else cat; fi; }
# one COMMAND EXPECTED-FILE
one() {
    local kind=any
    case $1 in "nrprof run"*) kind=run ;; esac
    bash -c "$1" >"$work/got" 2>&1 </dev/null
    if diff -u <(plain $kind <"$2") <(plain $kind <"$work/got") >"$work/diff"; then
        echo "ok   $1"
        passed=$((passed + 1))
    else
        sed 's/^/     /' "$work/diff"
        echo "FAIL $1"
        failed=$((failed + 1))
    fi
}

command=
while IFS= read -r line; do
    case $line in
    '$ '*)
        [ -z "$command" ] || one "$command" "$work/expected"
        command=${line#'$ '}
        : >"$work/expected"
        ;;
    *) printf '%s\n' "$line" >>"$work/expected" ;;
    esac
done < <(sed -n '/^```console/,/^```$/{/^```/d;p}' "$page")
[ -z "$command" ] || one "$command" "$work/expected"
[ $((passed + failed)) -ge 5 ] || { echo "FAIL fewer commands than the page has" && failed=$((failed + 1)); }
echo "$passed passed, $failed failed"
[ $failed = 0 ]
