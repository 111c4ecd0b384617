# shellcheck shell=bash
# Sourced by tests that are scripts, after scripts/lib.sh: what they count, and the line they end with.
passed=0 failed=0 skipped=0

check() { # WHAT COMMAND...: passes when the command does
    local what=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        say "FAIL $what"
        failed=$((failed + 1))
    fi
}

skip() { # WHAT WHY
    say "skip $1: $2"
    skipped=$((skipped + 1))
}

finish() {
    say "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" = 0 ]
    exit
}
