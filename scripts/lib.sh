# shellcheck shell=bash
# Sourced by the other scripts: where things are, missing packages, plain messages. Sets no shell options.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/nrprof
tarballs=${NRPROF_TARBALLS:-$cache/tarballs}
jobs=${NRPROF_JOBS:-$(nproc 2>/dev/null || echo 2)}
all_targets="linux-x64 linux-arm64 linux-x64-musl linux-arm64-musl windows-x64 windows-x86"

say() { printf '%s\n' "$*"; }
die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# packages_for TARGET: the Debian packages that building it takes
packages_for() {
    echo gcc g++ libc6-dev binutils cmake ninja-build python3
    case $1 in
    linux-arm64) echo gcc-aarch64-linux-gnu libc6-dev-arm64-cross ;;
    linux-arm64-musl) echo gcc-aarch64-linux-gnu ;;
    windows-x64) echo gcc-mingw-w64-x86-64-win32 ;;
    windows-x86) echo gcc-mingw-w64-i686-win32 ;;
    esac
}

# emulator_packages_for TARGET: what it takes to run its programs here
emulator_packages_for() {
    case $1 in
    linux-arm64*) echo qemu-user ;;
    linux-x64-musl) echo musl ;; # its loader, where programs ask for it: called by hand it would be the process's program
    windows-x64) echo wine64 ;;
    esac
}

# What it takes to run its programs here, in words; "natively" for this machine's own.
emulator_of() {
    case $1 in
    linux-arm64*) echo "under qemu-user" ;;
    linux-x64-musl) echo "through musl's loader" ;;
    windows-x64) echo "under wine64" ;;
    windows-x86) echo "under wine32 in an i386 Debian" ;;
    *) echo natively ;;
    esac
}

# library_of TARGET: where build.sh leaves the library
library_of() {
    case $1 in
    windows-*) echo "$root/build/$1/NewRelic.Profiler.dll" ;;
    *) echo "$root/build/$1/libNewRelicProfiler.so" ;;
    esac
}

# rid_of TARGET: .NET's name for it, where there is a runtime pack that runs here
rid_of() {
    case $1 in
    linux-x64 | linux-arm64) echo "$1" ;;
    windows-*) echo "win-${1#windows-}" ;;
    esac
}

has_package() { dpkg-query -W -f '${Status}\n' "$1" 2>/dev/null | grep -q '^install ok installed$'; }

# need_packages NAME...: installs what is missing when we may, else says what to install. Returns 1 when something is missing.
need_packages() {
    local missing=() p
    if ! command -v dpkg-query >/dev/null; then
        say "This is not a Debian system; the programs of these packages are needed: $*"
        return 0
    fi
    for p in "$@"; do
        has_package "$p" || missing+=("$p")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    if [ "$(id -u)" != 0 ]; then
        say "Missing packages; install them as root: apt-get install --no-install-recommends ${missing[*]}"
        return 1
    fi
    say "Installing ${missing[*]}"
    apt_install "${missing[@]}" && return 0
    apt-get update -qq >/dev/null 2>&1
    apt_install "${missing[@]}" && return 0
    say "apt-get could not install ${missing[*]}:"
    tail -n 5 "$root/build/log/apt.log"
    return 1
}

apt_install() {
    mkdir -p "$root/build/log"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=600 "$@" \
        >"$root/build/log/apt.log" 2>&1
}

# need_dotnet: 0 when there is a .NET SDK; else one sentence about what to install, and 1.
need_dotnet() {
    if command -v dotnet >/dev/null && [ -n "$(dotnet --list-sdks 2>/dev/null)" ]; then
        return 0
    fi
    say "There is no .NET SDK: install .NET 8 or newer (Microsoft's package dotnet-sdk-10.0 or dotnet-install script) and put dotnet on the PATH."
    return 1
}

# musl_sysroot_for TARGET: prints the name used in cmake/deps.txt, or nothing
musl_sysroot_for() {
    case $1 in
    linux-*-musl)
        local t=${1#linux-}
        echo "musl-${t%-musl}"
        ;;
    esac
}

# The program's whole path: qemu answers what asks for it from what it was started with, whatever the directory is by then.
emulated() { # SYSROOT PROGRAM [ARGUMENT...]
    local sysroot=$1 program
    program=$(realpath "$2")
    shift 2
    qemu-aarch64 -L "$sysroot" "$program" "$@"
}

# run_target TARGET PROGRAM [ARGUMENT...]: runs a program built for TARGET here, through its emulator
run_target() {
    local target=$1
    shift
    case $target in
    linux-x64 | linux-x64-musl) "$@" ;;
    linux-arm64) emulated /usr/aarch64-linux-gnu "$@" ;;
    linux-arm64-musl) emulated "$cache/sysroot/musl-arm64" "$@" ;;
    windows-x64)
        env -u DISPLAY WINEPREFIX="$root/build/wineprefix" WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml=' \
            /usr/lib/wine/wine64 "$@" </dev/null
        ;;
    windows-x86) WINEDLLOVERRIDES='mscoree,mshtml=' "$root/scripts/wine32.sh" "$@" ;;
    *) return 127 ;;
    esac
}

# can_run TARGET: 0, or the reason why not and 1
can_run() {
    local p
    if [ "$1" = windows-x86 ]; then
        "$root/scripts/wine32.sh" --create 2>&1
        return
    fi
    for p in $(emulator_packages_for "$1"); do
        if ! need_packages "$p" >/dev/null; then
            say "package $p is missing"
            return 1
        fi
    done
}
