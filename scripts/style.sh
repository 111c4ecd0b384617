#!/usr/bin/env bash
# style.sh: the style gate. clang-format looks at the C files changed against the last commit and in it; every other check
# looks at all files. Last line "N passed, N failed, N skipped".
set -u
. "$(dirname "$0")/lib.sh"
cd "$root" || exit 1
passed=0 failed=0 skipped=0

# result NAME PROBLEMS: passes when PROBLEMS is empty
result() {
    if [ -z "$2" ]; then
        passed=$((passed + 1))
        say "ok   $1"
    else
        failed=$((failed + 1))
        say "FAIL $1:"
        sed 's/^/       /' <<<"$2" | head -n 40
    fi
}

repository() { git -c safe.directory="$root" -c core.quotePath=false "$@" 2>/dev/null; }
all_files() {
    if ! repository ls-files --cached --others --exclude-standard; then
        find . -type f -not -path './build/*' -not -path './.git/*' | sed 's#^\./##'
    fi | sort -u | while IFS= read -r f; do if [ -f "$f" ]; then printf '%s\n' "$f"; fi; done
}
changed_files() {
    {
        repository diff --name-only --diff-filter=d HEAD
        repository diff --name-only --diff-filter=d HEAD~1 HEAD
        repository ls-files --others --exclude-standard
    } | sort -u
}
files=$(all_files)
of_kind() { grep -E "$1" <<<"$files"; }
# in_files PATTERN FILES: grep -nE over a list of names
in_files() { if [ -n "$2" ]; then tr '\n' '\0' <<<"$2" | xargs -0 grep -nIHE -- "$1" 2>/dev/null; fi; }

# Headers are left out: they hold X-macro tables and declarations in columns. So are columns of comments behind code.
normal() { sed -E 's# +(/\*|//)# \1#; s#[ \t]*\\$# \\#'; }
format() {
    local f
    changed_files | grep -E '\.(c|cc)$' | while IFS= read -r f; do
        if [ -f "$f" ] && ! diff -q <(normal <"$f") <(clang-format "$f" | normal) >/dev/null; then
            say "$f (clang-format -i $f)"
        fi
    done
}
why=
[ -n "$(changed_files)" ] || why="git is missing or this is not a repository, so nobody knows what changed"
need_packages clang-format >/dev/null && command -v clang-format >/dev/null || why="the package clang-format is missing"
if [ -z "$why" ]; then
    result "changed C files are as clang-format leaves them" "$(format)"
else
    skipped=$((skipped + 1))
    say "skip clang-format: $why"
fi

result "no source file of more than 600 lines" "$(of_kind '\.(c|h|cc|lua|cs|sh|cmake|def|inc)$|^CMakeLists\.txt$' |
    while IFS= read -r f; do
        n=$(wc -l <"$f")
        if [ "$n" -gt 600 ]; then say "$f has $n lines"; fi
    done)"

# Bracketed letters keep the patterns from finding themselves.
result "no registry host names or machine paths" \
    "$(in_files '/wor[k]/|/home/[a-z]+/|/roo[t]/|deb[.]debian[.]or[g]|security[.]debian[.]or[g]|api[.]nuget[.]or[g]|registry[.]npmj[s]|pypi[.]or[g]' "$files")"

may_differ='^src/os/|^src/clr/[^/]*\.h$|^src/base/compiler\.h$'
system='#[[:space:]]*(if|ifdef|ifndef|elif).*(_WIN32|__linux__|__APPLE__|_MSC_VER)'
result "platform conditionals only in src/os, headers of src/clr and base/compiler.h" \
    "$(in_files "$system" "$(of_kind '^src/.*\.[ch]$' | grep -vE "$may_differ")")"

result "compiler extensions only in the same files" \
    "$(in_files '__attribute__|__builtin_|__declspec|\btypeof\b' "$(of_kind '^src/.*\.[ch]$' | grep -vE "$may_differ")")"

# Rows of docs/architecture.md: a room includes its own row and lower ones.
rows() {
    local f
    of_kind '^src/[a-z]+/.*\.[ch]$' | while IFS= read -r f; do
        awk -v file="$f" '
            BEGIN {
                split("base:0 os:0 il:1 meta:1 rules:2 script:2 engine:3 clr:4 sim:4 validate:4 cli:5", list, " ")
                for (i in list) { split(list[i], p, ":"); row[p[1]] = p[2] }
                split(file, part, "/"); own = part[2]
            }
            match($0, /^#include "[a-z]+\//) {
                other = substr($0, RSTART + 10, RLENGTH - 11)
                if (other in row && (row[other] + 0 > row[own] + 0))
                    print file ":" FNR ": " own " includes " other
            }' "$f"
    done
}
result "no room includes a higher row" "$(rows)"

result "scripts are well formed and executable" "$(of_kind '\.sh$|^\.ci/run$' | while IFS= read -r f; do
    bash -n "$f" 2>&1
    if [ ! -x "$f" ] && head -n 1 "$f" | grep -q "^#!"; then say "$f is not executable"; fi
done)"

say "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
