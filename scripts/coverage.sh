#!/usr/bin/env bash
# coverage.sh [--check]: writes docs/coverage.md, which rules of the reference have scenarios. --check: is it up to date?
# NRPROF names another command line tool than build/linux-x64/nrprof.
set -u
. "$(dirname "$0")/lib.sh"
cd "$root" || exit 1
case ${1-} in
'') ;;
--check) export NRPROF_COVERAGE_CHECK=1 ;;
*)
    say "usage: coverage.sh [--check]"
    exit 2
    ;;
esac
"${NRPROF:-build/linux-x64/nrprof}" test tests/scenarios/_coverage.lua
