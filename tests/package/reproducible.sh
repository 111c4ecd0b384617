#!/usr/bin/env bash
# reproducible.sh [TARGET...]: builds each target (default all) in two copies of this tree at different places and compares every
# file that comes out, archives included. "N passed, N failed, N skipped"; a target is one test.
set -u
. "$(dirname "$0")/../../scripts/lib.sh"
[ $# -gt 0 ] || read -r -a targets <<<"$all_targets"
[ $# -eq 0 ] || targets=("$@")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0
# Places of different lengths: a path that gets into a file changes its size, too.
first=$work/a second=$work/another-place/b
mkdir -p "$first" "$second"
for copy in "$first" "$second"; do
    git -C "$root" -c safe.directory="$root" ls-files -z --cached --others --exclude-standard |
        tar -C "$root" --null -T - -cf - --ignore-failed-read 2>/dev/null | tar -C "$copy" -xf - || die "cannot copy the tree to $copy"
done
SOURCE_DATE_EPOCH=$(git -C "$root" -c safe.directory="$root" log -1 --format=%ct 2>/dev/null || echo 1700000000)
export SOURCE_DATE_EPOCH CCACHE_DISABLE=1 # a compiler cache hands out what was compiled elsewhere
for target in "${targets[@]}"; do
    if ! "$first/scripts/build.sh" "$target" || ! "$second/scripts/build.sh" "$target"; then
        say "FAIL $target: it does not build"
        failed=$((failed + 1))
        continue
    fi
    different=$(diff -rq "$first/build/packages" "$second/build/packages"; diff -rq "$first/build/$target" "$second/build/$target")
    count=$(find "$first/build/$target" "$first/build/packages" -type f | wc -l)
    if [ -z "$different" ] && [ "$count" -gt 10 ]; then
        say "PASS $target: $count files are identical, $(find "$first/build/packages" -name "*-$target*" | wc -l) of them packages"
        passed=$((passed + 1))
    else
        say "FAIL $target: $different"
        failed=$((failed + 1))
    fi
    rm -rf "$first/build/obj" "$second/build/obj"
done
say "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
