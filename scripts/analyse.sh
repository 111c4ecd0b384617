#!/usr/bin/env bash
# analyse.sh clang-tidy|cppcheck|gcc-analyzer|valgrind: one checker over the C sources, valgrind over what runs. What it finds is a failure unless
# tests/analysis/CHECKER.txt (valgrind: valgrind.supp) says why it is none. Last line "N passed, N failed, N skipped".
set -u
. "$(dirname "$0")/lib.sh"
cd "$root" || exit 1
tool=${1:-}
obj=build/obj/linux-x64-$tool
log=build/log/analyse-$tool.txt
leave_out() {
    say "skip $tool: $1"
    say "0 passed, 0 failed, 1 skipped"
    exit 0
}
need() { why=$(need_packages "$@") || leave_out "$why"; }
# configure [OPTION...]: a build directory with compile_commands.json, and the headers that the build makes
configure() {
    mkdir -p build/log
    { cmake --preset linux-x64 -B $obj -DNRPROF_TARBALLS="$tarballs" -DCMAKE_EXPORT_COMPILE_COMMANDS=ON -DNRPROF_WERROR=OFF "$@" &&
        cmake --build $obj --parallel "$jobs" --target nr_rules; } >build/log/analyse-build.txt 2>&1 ||
        die "the sources cannot be configured: build/log/analyse-build.txt"
}
# $obj/own/compile_commands.json and $obj/sources.txt: of src/ only
own_sources() {
    mkdir -p $obj/own
    python3 -c 'import json, sys
own = [c for c in json.load(open(sys.argv[1] + "/compile_commands.json")) if c["file"].startswith(sys.argv[2] + "/src/")]
json.dump(own, open(sys.argv[1] + "/own/compile_commands.json", "w"))
print("\n".join(sorted({c["file"] for c in own})))' $obj "$root" >$obj/sources.txt
}
judge() { # EXAMINED
    sed "s|$root/||g" "$log" | python3 tests/analysis/findings.py "$tool" "$1"
}
# An error of memory is one of the program, and what is lost at its end.
under_valgrind() {
    valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,indirect,possible \
        --errors-for-leak-kinds=definite,indirect,possible \
        --suppressions=tests/analysis/valgrind.supp --child-silent-after-fork=yes "$@"
}

case $tool in
clang-tidy)
    need clang-tidy clang
    configure
    own_sources
    xargs -P "$jobs" -n 4 clang-tidy -p $obj --quiet --extra-arg=-Wno-unknown-warning-option <$obj/sources.txt >"$log" 2>&1 ||
        die "clang-tidy could not read a file: $log"
    judge "$(wc -l <$obj/sources.txt)"
    ;;
cppcheck)
    need cppcheck
    configure
    own_sources
    cppcheck --project=$obj/own/compile_commands.json --library=tests/analysis/cppcheck-library.cfg --enable=warning,portability --quiet -j "$jobs" \
        --suppress='*:*/deps/*' --template='{file}:{line}: {severity}: {message} [{id}]' >"$log" 2>&1 || die "cppcheck ended with an error: $log"
    judge "$(wc -l <$obj/sources.txt)"
    ;;
gcc-analyzer)
    # gcc 12 takes a structure that is written in place, as NR_STR("text") is, for one that nobody has given a value; valgrind looks for those.
    configure "-DCMAKE_C_FLAGS=-fanalyzer -Wno-analyzer-use-of-uninitialized-value"
    own_sources
    cmake --build $obj --clean-first --parallel "$jobs" --target nr_cli >"$log" 2>&1 || die "it does not build: $log"
    judge "$(wc -l <$obj/sources.txt)"
    ;;
valgrind)
    need valgrind
    passed=0 failed=0
    { cmake --preset linux-x64 -DNRPROF_TARBALLS="$tarballs" && cmake --build build/obj/linux-x64 --parallel "$jobs" --target units; } >build/log/analyse-build.txt 2>&1 ||
        die "the unit tests do not build: build/log/analyse-build.txt"
    while read -r -a words; do
        if under_valgrind "${words[@]}" >"$log" 2>&1; then
            say "PASS ${words[*]}"
            passed=$((passed + 1))
        else
            say "FAIL ${words[*]}"
            grep -E '^==|FAIL' "$log" | head -n 30
            failed=$((failed + 1))
        fi
    done <tests/analysis/valgrind.txt
    say "figure analysis.valgrind.errors $failed"
    say "$passed passed, $failed failed, 0 skipped"
    [ $failed = 0 ]
    ;;
*) die "usage: analyse.sh clang-tidy|cppcheck|gcc-analyzer|valgrind" ;;
esac
