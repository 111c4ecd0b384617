#!/usr/bin/env bash
# deps.sh [GROUP...]: fetches the third-party files of cmake/deps.txt (default group: source) from the Debian mirror this
# machine is set up for, checks their SHA-256 and keeps them in the cache directory. Does nothing when they are there.
set -u
. "$(dirname "$0")/lib.sh"
[ $# -gt 0 ] || set -- source
mkdir -p "$tarballs" || die "cannot create $tarballs"

# The repositories of apt's own configuration; without downloaded lists it cannot tell Debian's from others, then all.
mirrors() {
    local found
    found=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' 2>/dev/null)
    [ -n "$found" ] || found=$(apt-get indextargets --no-release-info --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null)
    sort -u <<<"$found"
}

fetch() { # SUM PATH FILE
    local mirror part=$3.part.$$
    command -v apt-get >/dev/null || die "no apt-get here: put ${3##*/} (SHA-256 $1) from a Debian mirror's pool/main/$2 into $tarballs"
    for mirror in $(mirrors); do
        # apt's own downloader: follows the proxy and mirror settings of the machine, checks the sum
        if /usr/lib/apt/apt-helper -qq download-file "${mirror%/}/pool/main/$2" "$part" "SHA256:$1" >/dev/null 2>&1; then
            mv "$part" "$3" && return 0
        fi
        rm -f "$part"
    done
    die "could not fetch pool/main/$2 with SHA-256 $1 from this machine's Debian mirror; put it into $tarballs by hand"
}

count=0
while read -r group sum path; do
    for wanted in "$@"; do
        [ "$group" = "$wanted" ] || continue
        count=$((count + 1))
        file=$tarballs/${path##*/}
        if [ ! -f "$file" ]; then
            say "Fetching ${path##*/}"
            fetch "$sum" "$path" "$file"
        fi
        echo "$sum  $file" | sha256sum -c --status - || die "$file does not have SHA-256 $sum: delete it and run this again"
    done
done < <(grep -v '^#' "$root/cmake/deps.txt")
[ "$count" -gt 0 ] || die "cmake/deps.txt has no group named $*"
