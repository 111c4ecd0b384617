#!/usr/bin/env bash
# musl-sysroot.sh musl-x64|musl-arm64: unpacks musl's headers and libc from Debian's packages into the cache directory.
# Needs neither root nor a foreign architecture; prints nothing when the sysroot is there.
set -u
. "$(dirname "$0")/lib.sh"
name=${1:-}
case $name in
musl-x64) triple=x86_64-linux-musl arch=x86_64 deb=amd64 ;;
musl-arm64) triple=aarch64-linux-musl arch=aarch64 deb=arm64 ;;
*) die "usage: musl-sysroot.sh musl-x64|musl-arm64" ;;
esac
dest=$cache/sysroot/$name
[ -f "$dest/musl-gcc.specs" ] && exit 0
"$root/scripts/deps.sh" "$name" || exit 1
part=$dest.part.$$
rm -rf "$dest" && mkdir -p "$part" || die "cannot create $part"
while read -r group _ path; do
    [ "$group" = "$name" ] || continue
    dpkg-deb -x "$tarballs/${path##*/}" "$part" || die "cannot unpack ${path##*/}"
done <"$root/cmake/deps.txt"
# Debian is usr-merged, a bare unpack is not; without libc.so beside libc.a the linker would silently take the archive.
mv "$part/lib/$triple/libc.so" "$part/usr/lib/$triple/libc.so" || die "the $deb package has no lib/$triple/libc.so"
ln -sfn "../usr/lib/$triple/libc.so" "$part/lib/ld-musl-$arch.so.1"
# The specs name absolute directories; last, because it marks the sysroot as complete.
sed -e "s#/usr/\(include\|lib\)/$triple#$dest/usr/\1/$triple#g" "$part/usr/lib/$triple/musl-gcc.specs" >"$part/musl-gcc.specs"
mv "$part" "$dest" || die "cannot create $dest"
say "musl sysroot in $dest"
