#!/usr/bin/env bash
# make-symbols.sh: writes musl-1.2.3.txt (every name musl 1.2.3 exports on x64 and arm64) and symbols-linux.txt (those that
# glibc 2.17 has as well, on x64). Run it on Debian 12 when one of the two floors moves; the results are committed.
set -u
. "$(dirname "$0")/../../scripts/lib.sh"
here=$root/tests/gate
export LC_ALL=C

exports() { # FILE: dynamic symbols with their version
    readelf --dyn-syms -W "$1" | awk '$7 != "UND" && $7 != "ABS" && ($5 == "GLOBAL" || $5 == "WEAK") && $6 == "DEFAULT" { print $8 }'
}

"$root/scripts/musl-sysroot.sh" musl-x64 || exit 1
"$root/scripts/musl-sysroot.sh" musl-arm64 || exit 1
{
    echo "# Functions and variables of musl 1.2.3 on both x64 and arm64; written by make-symbols.sh"
    comm -12 <(exports "$cache/sysroot/musl-x64/usr/lib/x86_64-linux-musl/libc.so" | sort -u) \
        <(exports "$cache/sysroot/musl-arm64/usr/lib/aarch64-linux-musl/libc.so" | sort -u)
} >"$here/musl-1.2.3.txt"

old_enough() { # keeps the names that have a version of 2.17 or lower
    awk -F'@+GLIBC_' 'NF == 2 { split($2, v, "."); if (v[1] == 2 && v[2] + 0 <= 17) print $1 }'
}
{
    cat <<'T'
# Names the library may ask the system for: glibc 2.17 and musl 1.2.3 both have them. Written by make-symbols.sh.
T
    comm -12 <(for l in libc.so.6 libm.so.6 libpthread.so.0; do exports "/lib/x86_64-linux-gnu/$l"; done | old_enough | sort -u) \
        <(grep -v '^#' "$here/musl-1.2.3.txt") |
        grep -vxF -f <(sed 's/ .*//' "$here/refused.txt")
} >"$here/symbols-linux.txt"
wc -l "$here/musl-1.2.3.txt" "$here/symbols-linux.txt"
