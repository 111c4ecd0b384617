#!/usr/bin/env bash
# check.sh LIB [TARGET]: the binary gate. Reads LIB with readelf (or objdump for a DLL) and checks what it exports, imports
# and how it is linked. Prints one line per check and "N passed, N failed"; exits with 1 when one failed.
set -u
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
lib=${1:?usage: check.sh LIB [TARGET]}
target=${2:-linux-x64}
passed=0 failed=0

# check NAME PROBLEMS: passes when PROBLEMS is empty but for blanks (several answers are joined with them)
check() {
    if [ -z "${2//[[:space:]]/}" ]; then
        passed=$((passed + 1))
        echo "ok   $1"
    else
        failed=$((failed + 1))
        echo "FAIL $1: $(printf '%s' "$2" | tr '\n' ' ')"
    fi
}
finish() {
    echo "size of ${lib##*/} ($target): $(stat -c %s "$lib" 2>/dev/null || echo 0) bytes"
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ]
    exit
}
# lines of $1 that are not in $2, both texts
without() { comm -23 <(printf '%s\n' "$1" | sed '/^$/d' | sort -u) <(printf '%s\n' "$2" | sed '/^$/d' | sort -u); }
# has TEXT PATTERN COMPLAINT: says COMPLAINT unless a line of TEXT matches
has() { grep -qE -- "$2" <<<"$1" || echo "$3"; }
has_not() { if grep -qE -- "$2" <<<"$1"; then echo "$3"; fi; }

exported="DllGetClassObject DllCanUnloadNow InstrumentationRefresh ReloadConfiguration AddCustomInstrumentation
ApplyCustomInstrumentation RequestProfile ReleaseProfile RequestFunctionNames ShutdownThreadProfiler
GetCurrentExecutionEngineThreadId"
exported=$(tr ' ' '\n' <<<"$exported")

check_exports() { # TEXT of the names found
    check "exports all eleven functions" "$(without "$exported" "$1")"
    check "exports nothing else" "$(without "$1" "$exported")"
}

check_elf() {
    local machine header dynamic sections segments symbols undefined needed allowed versions
    header=$(readelf -hW "$lib" 2>/dev/null)
    dynamic=$(readelf -dW "$lib")
    sections=$(readelf -SW "$lib")
    segments=$(readelf -lW "$lib")
    symbols=$(readelf --dyn-syms -W "$lib" | awk '$1 ~ /^[0-9]+:$/ && $8 != ""')
    case $target in
    *arm64*) machine=AArch64 ;;
    *) machine=X86-64 ;;
    esac
    check "is a shared library for $machine" "$(has "$header" "Type: +DYN" "not a shared library") $(has "$header" "Machine:.*$machine" "another machine")"
    check_exports "$(awk '$5 != "LOCAL" && $7 != "UND" && $7 != "ABS" { sub(/@.*/, "", $8); print $8 }' <<<"$symbols")"

    # Weak undefined names without a version are the compiler's hooks; every C library resolves them to nothing.
    undefined=$(awk '$7 == "UND" { sub(/\(.*/, "", $8); if (!($5 == "WEAK" && $8 !~ /@/)) print $8 }' <<<"$symbols")
    allowed=$(grep -v '^#' "$here/symbols-linux.txt")
    check "imports only names of symbols-linux.txt" "$(without "$(sed 's/@.*//' <<<"$undefined")" "$allowed")"
    check "imports only names of musl 1.2.3" "$(without "$(sed 's/@.*//' <<<"$undefined")" "$(cat "$here/musl-1.2.3.txt")")"
    versions=$(sed -n 's/.*@\+GLIBC_\([0-9.]*\)$/\1 &/p' <<<"$undefined" | awk '{ split($1, v, "."); if (v[1] > 2 || v[2] + 0 > 17) print $2 }')
    check "no symbol version above GLIBC_2.17" "$versions"
    case $target in
    *musl) ;;
    *) check "has glibc symbol versions to check" "$(has "$undefined" '@GLIBC_' 'none found')" ;;
    esac
    needed=$(sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' <<<"$dynamic")
    check "needs libc, libm, libpthread and libdl only" "$(without "$needed" $'libc.so.6\nlibm.so.6\nlibpthread.so.0\nlibdl.so.2\nlibc.musl-x86_64.so.1\nlibc.musl-aarch64.so.1\nlibc.so')"

    check "no thread-local storage" "$(has_not "$segments" '^ +TLS ' 'TLS segment') $(has_not "$sections" '\.(tbss|tdata)' 'TLS section') $(awk '$4 == "TLS" { print $8 }' <<<"$symbols")"
    check "stack is not executable" "$(has "$segments" 'GNU_STACK' 'no GNU_STACK') $(has_not "$segments" 'GNU_STACK.* RWE ' 'GNU_STACK is RWE')"
    check "no segment is writable and executable" "$(has_not "$segments" 'LOAD.* RWE ' 'RWE segment')"
    check "RELRO" "$(has "$segments" 'GNU_RELRO' 'no GNU_RELRO segment')"
    check "BIND_NOW" "$(has "$dynamic" 'BIND_NOW|FLAGS_1.* NOW' 'lazy binding')"
    check "NODELETE" "$(has "$dynamic" 'FLAGS_1.*NODELETE' 'can be unloaded')"
    check "SONAME is libNewRelicProfiler.so" "$(has "$dynamic" '\(SONAME\).*\[libNewRelicProfiler\.so\]' 'wrong or none')"
    check "no RPATH or RUNPATH" "$(has_not "$dynamic" '\((RPATH|RUNPATH)\)' 'search path inside')"
    check "no text relocations" "$(has_not "$dynamic" 'TEXTREL' 'text relocations')"
}

check_dll() {
    local objdump header imports
    case $target in
    windows-x86) objdump=i686-w64-mingw32-objdump ;;
    *) objdump=x86_64-w64-mingw32-objdump ;;
    esac
    header=$($objdump -p "$lib")
    case $target in
    windows-x86) check "is a DLL for x86" "$(has "$header" 'file format pei-i386' 'another machine')" ;;
    *) check "is a DLL for x64" "$(has "$header" 'file format pei-x86-64' 'another machine')" ;;
    esac
    check_exports "$(sed -n '/Ordinal\/Name Pointer/,/^$/s/^\t\[ *[0-9]*\] \(.*\)$/\1/p' <<<"$header" | sed 's/^+base.*\] *[0-9a-f]* //')"
    imports=$(sed -n 's/.*DLL Name: //p' <<<"$header")
    check "imports from the DLLs of dlls-windows.txt only" "$(without "$imports" "$(cat "$here/dlls-windows.txt")")"
    # No check of thread-local storage here: MinGW's start-up code always has a TLS directory. The Linux gate sees our own.
    # UTF-16 text of the version resource
    check "version resource" "$(tr -d '\000' <"$lib" | grep -aqF 'ProductNameNew Relic .NET Agent' || echo 'no product name')"
    check "NX and dynamic base" "$(has "$header" 'NX_COMPAT' 'no NX_COMPAT') $(has "$header" 'DYNAMIC_BASE' 'no DYNAMIC_BASE')"
}

check_size() {
    local size limit=716800 # 700 KB
    size=$(stat -c %s "$lib")
    check "not larger than $limit bytes" "$([ "$size" -le $limit ] || echo "it has $size")"
}

if [ ! -f "$lib" ]; then
    check "exists" "there is no $lib"
    finish
fi
case $target in
windows-*) check_dll ;;
*) check_elf ;;
esac
check_size
finish
