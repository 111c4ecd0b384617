#!/usr/bin/env bash
# self-test.sh: shows that the binary gate can fail. Builds one library that is right and others with one fault each, and
# expects check.sh to refuse each for that fault and no other reason. Last line "N passed, N failed".
set -u
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
map=$here/../../cmake/exports.map
passed=0 failed=0

sed -n 's/^ *\([A-Za-z]*\);$/int \1(void); int \1(void) { return puts(""); }/p' "$map" | sed '1i #include <stdio.h>' >"$work/base.c"
flags=(-shared -fPIC -O1 -Wl,-soname,libNewRelicProfiler.so
    -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--gc-sections)

# try NAME EXPECTED-FAILURES SOURCE-TEXT FLAG...: EXPECTED-FAILURES is an extended regular expression that every FAIL line
# must match and at least one must; empty for a library that must pass.
try() {
    local name=$1 expected=$2 text=$3 out fails
    shift 3
    { cat "$work/base.c"; printf '%s\n' "$text"; } >"$work/$name.c"
    if ! gcc "${flags[@]}" "-Wl,--version-script=$script" "-Wl,-z,$unload" -o "$work/$name.so" "$work/$name.c" "$@" 2>"$work/$name.err"; then
        failed=$((failed + 1))
        echo "FAIL $name: gcc could not build it: $(tail -n 1 "$work/$name.err")"
        return
    fi
    out=$("$here/check.sh" "$work/$name.so" linux-x64)
    local rc=$?
    fails=$(grep '^FAIL' <<<"$out")
    if [ -z "$expected" ] && [ $rc = 0 ] && [ -z "$fails" ]; then
        passed=$((passed + 1))
        echo "ok   the gate passes: $name"
    elif [ -n "$expected" ] && [ $rc != 0 ] && [ -n "$fails" ] && ! grep -qvE -- "$expected" <<<"$fails"; then
        passed=$((passed + 1))
        echo "ok   the gate refuses: $name"
    else
        failed=$((failed + 1))
        echo "FAIL $name: exit code $rc, $(tr '\n' ' ' <<<"${fails:-no failure reported}")"
    fi
}

script=$map
unload=nodelete
try good '' ''
try thread-local 'thread-local|only names|needs libc' 'static __thread int t; int *DllMore(void); int *DllMore(void) { return &t; }' -Wl,-u,DllMore
sed 's/local:/extra_function; local:/' "$map" >"$work/extra.map"
script=$work/extra.map
try extra-export 'exports nothing else' 'int extra_function(void); int extra_function(void) { return 1; }'
script=$map
try missing-export 'exports all eleven' '' -DRequestProfile=NotThis
try new-glibc 'only names|2[.]17' '#include <sys/stat.h>
int (*volatile p)(const char *, struct stat *); int DllMore(void); int DllMore(void) { p = stat; return 0; }' -Wl,-u,DllMore
try program-starter 'only names of symbols-linux' '#include <stdlib.h>
int DllMore(void); int DllMore(void) { return system(""); }' -Wl,-u,DllMore
try other-library 'needs libc' '' -Wl,--no-as-needed -l:librt.so.1
try executable-stack 'stack' '' -Wl,-z,execstack
try no-relro 'RELRO' '' -Wl,-z,norelro
try lazy-binding 'BIND_NOW' '' -Wl,-z,lazy
unload=now
try deletable 'NODELETE' ''
unload=nodelete
try other-name 'SONAME' '' -Wl,-soname,libOther.so
try search-path 'RPATH' '' -Wl,-rpath,/tmp
echo "$passed passed, $failed failed"
[ $failed = 0 ]
