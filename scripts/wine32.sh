#!/usr/bin/env bash
# wine32.sh --create | PROGRAM [ARGUMENT...]: runs a 32-bit Windows program. Debian's wine32 does not install beside an amd64 system
# whose packages are newer, so it lives in an i386 Debian of its own in the cache directory; --create makes that (root, about 400 MB), does
# nothing when it is there, and says in one line why when it cannot. Programs see /tmp, this tree and NRPROF_SHARED at their usual
# places. Mounts are made in a private namespace: none is left behind.
set -u
. "$(dirname "$0")/lib.sh"
tree=$cache/i386

create() {
    local log=$root/build/log/wine32.log uri part=$tree.part
    [ -f "$tree/complete" ] && return 0
    [ "$(id -u)" = 0 ] || die "the i386 Debian with wine32 in $tree is made by root only"
    need_packages debootstrap >/dev/null || die "the package debootstrap is missing"
    uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Codename: bookworm' 2>/dev/null | head -n 1)
    [ -n "$uri" ] || die "apt has no Debian 12 repository to take an i386 system from"
    mkdir -p "${log%/*}" && rm -rf "$part" && mkdir -p "$part" || die "cannot create $part"
    debootstrap --arch=i386 --variant=minbase bookworm "$part" "$uri" >"$log" 2>&1 ||
        die "debootstrap of an i386 system failed: $(tail -n 1 "$log")"
    chroot "$part" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends wine32 >>"$log" 2>&1 ||
        die "wine32 does not install in an i386 system: $(tail -n 1 "$log")"
    touch "$part/complete"
    rm -rf "$tree" && mv "$part" "$tree"
}

if [ "${1:-}" = --create ]; then
    create
    exit
fi
[ $# -gt 0 ] || die "usage: wine32.sh --create | PROGRAM [ARGUMENT...]"
[ -f "$tree/complete" ] || die "there is no i386 system: run wine32.sh --create"
# Inside the namespace: directories at their own places, then the program where the caller stands.
inside='
tree=$1 where=$2
shift 2
for dir in /proc /dev /tmp $NRPROF_BOUND; do
    mkdir -p "$tree$dir" && mount --rbind "$dir" "$tree$dir" || exit 126
done
exec chroot "$tree" /bin/sh -c '\''cd "$1" && shift && exec /usr/lib/wine/wine "$@"'\'' sh "$where" "$@"'
shared=$(realpath -q "${NRPROF_SHARED:-$root/../shared}")
export NRPROF_BOUND="$root $shared" WINEPREFIX=${WINEPREFIX:-$root/build/wineprefix32} WINEARCH=win32 WINEDEBUG=${WINEDEBUG:--all}
unset DISPLAY
mkdir -p "$root/build"
exec unshare --mount --propagation private /bin/sh -c "$inside" sh "$tree" "$PWD" "$@" </dev/null
