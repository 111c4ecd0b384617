#!/usr/bin/env bash
# run.sh [NRPROF]: the HTML report of nrprof diff in headless Chromium. Screenshots stay in build/report. The last line is
# "N passed, N failed, N skipped".
set -u
. "$(dirname "$0")/../../scripts/lib.sh"
nrprof=${1:-$root/build/linux-x64/nrprof}
skip_all() {
    say "skip report in a browser: $1"
    say "0 passed, 0 failed, 1 skipped"
    exit 0
}
need_packages chromium >/dev/null || skip_all "the package chromium is missing"
chromium=$(command -v chromium) || skip_all "there is no chromium"
command -v python3 >/dev/null || skip_all "there is no python3"
[ -x "$nrprof" ] || skip_all "there is no $nrprof"
timeout 120 python3 "$root/tests/report/browser.py" "$chromium" "$nrprof" "$root/build/report"
