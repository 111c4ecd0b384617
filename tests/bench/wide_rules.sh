#!/usr/bin/env bash
# wide_rules.sh [NRPROF]: what resolving 10,000 wildcard rules over the shared framework costs, beside no rules.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
table=$(mktemp)
trap 'rm -f "$table"' EXIT
NRPROF_BENCH_TABLE=$table "${1:-$root/build/linux-x64/nrprof}" test "$root/tests/bench/wide_rules.lua" | grep -vE '^1 passed' || true
cat "$table"
