#!/usr/bin/env bash
# all.sh [NRPROF]: the other scripts here, one after the other, with one count line.
set -u
here=$(cd "$(dirname "$0")" && pwd)
passed=0 failed=0 skipped=0
for script in run transcript samples; do
    echo "-- $script"
    out=$("$here/$script.sh" "$@" 2>&1)
    printf '%s\n' "$out" | sed '$d'
    read -r p _ f _ s _ <<<"$(tail -n 1 <<<"${out//,/}")"
    if ! [[ ${p:-x} =~ ^[0-9]+$ ]]; then
        tail -n 1 <<<"$out"
        echo "FAIL $script.sh printed no count line"
        f=1 p=0 s=0
    fi
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + ${s:-0}))
done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
