#!/usr/bin/env bash
# build.sh [--debug] [TARGET...|all]: builds the library and the command line tool for each target (default linux-x64) and
# leaves them, with lua/ and instrumentation/, in build/TARGET (build/TARGET-debug with --debug); the debug symbols in
# build/TARGET-symbols, and archives with their SHA-256 sums and SPDX lists in build/packages. The same sources give the same bytes.
set -u
. "$(dirname "$0")/lib.sh"
debug=
targets=()
for argument; do
    case $argument in
    --debug) debug=-debug ;;
    --help | -h)
        say "usage: build.sh [--debug] [TARGET...|all]"
        say "targets: $all_targets"
        exit 0
        ;;
    all) read -r -a targets <<<"$all_targets" ;;
    *)
        case " $all_targets " in
        *" $argument "*) targets+=("$argument") ;;
        *)
            say "there is no target $argument; targets: $all_targets" >&2
            exit 2
            ;;
        esac
        ;;
    esac
done
[ ${#targets[@]} -gt 0 ] || targets=(linux-x64)
mkdir -p "$root/build/log"

# build TARGET: set-up, configure, compile, install. Output goes to build/log/build-TARGET.log.
build() {
    local target=$1 name=$1$debug type=RelWithDebInfo sysroot strip=--strip
    local obj=$root/build/obj/$name out=$root/build/$name
    if [ -n "$debug" ]; then
        type=Debug strip=
    fi
    sysroot=$(musl_sysroot_for "$target")
    if [ -n "$sysroot" ]; then
        "$root/scripts/musl-sysroot.sh" "$sysroot" || return 1
    fi
    rm -rf "$out" "$out-symbols" # a failed build leaves nothing that could be taken for its result
    (cd "$root" && cmake --preset "$target" -B "$obj" -DCMAKE_BUILD_TYPE=$type -DNRPROF_TARBALLS="$tarballs") &&
        cmake --build "$obj" --parallel "$jobs" --target NewRelicProfiler nrprof &&
        cmake --install "$obj" --prefix "$out" $strip || return 1
    if [ -z "$debug" ]; then
        package "$target" "$obj" "$out"
    fi
}

# package TARGET OBJ OUT: debug symbols into OUT-symbols, then the archives (package.py) and the sums of all that are there.
package() {
    local target=$1 obj=$2 out=$3 prefix file version
    case $target in
    linux-x64*) prefix= ;;
    linux-arm64*) prefix=aarch64-linux-gnu- ;;
    windows-x64) prefix=x86_64-w64-mingw32- ;;
    windows-x86) prefix=i686-w64-mingw32- ;;
    esac
    mkdir -p "$out-symbols" || return 1
    for file in libNewRelicProfiler.so NewRelic.Profiler.dll nrprof nrprof.exe; do
        if [ -f "$obj/$file" ]; then
            "${prefix}objcopy" --only-keep-debug "$obj/$file" "$out-symbols/$file.debug" || return 1
        fi
    done
    version=$(sed -nE 's/^project\(nrprof VERSION ([0-9.]+).*/\1/p' "$root/CMakeLists.txt")
    python3 "$root/scripts/package.py" "$target" "$version" "$(source_time)" "$out" "$out-symbols" "$obj/deps" "$root/build/packages" || return 1
    (cd "$root/build/packages" && sha256sum -- nrprof-*.tar.gz nrprof-*.zip nrprof-*.spdx.json >SHA256SUMS 2>/dev/null)
    return 0
}

# The time that archives carry: SOURCE_DATE_EPOCH, or the commit's, or a fixed one outside a git checkout.
source_time() {
    echo "${SOURCE_DATE_EPOCH:-$(git -C "$root" -c safe.directory="$root" log -1 --format=%ct 2>/dev/null || echo 1700000000)}"
}

failed=0
"$root/scripts/deps.sh" || exit 1
for target in "${targets[@]}"; do
    # shellcheck disable=SC2046
    need_packages $(packages_for "$target") || exit 1
    log=$root/build/log/build-$target$debug.log start=$SECONDS
    if build "$target" >"$log" 2>&1; then
        say "built build/$target$debug: $(cd "$root/build/$target$debug" 2>/dev/null && find . -maxdepth 1 -type f -printf '%f (%s bytes), ' | sort)$((SECONDS - start)) s"
    else
        failed=1
        say "build of $target$debug failed; the end of build/log/${log##*/}:"
        grep -E 'error|FAILED|Error' "$log" | tail -n 20
        tail -n 20 "$log"
    fi
done
exit $failed
