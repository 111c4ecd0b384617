#!/usr/bin/env bash
# build.sh [--debug] [TARGET...|all]: builds the library and the command line tool for each target (default linux-x64) and
# leaves them, with lua/ and instrumentation/, in build/TARGET (build/TARGET-debug with --debug).
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
        *) die "there is no target $argument; targets: $all_targets" ;;
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
    rm -rf "$out" # a failed build leaves nothing that could be taken for its result
    (cd "$root" && cmake --preset "$target" -B "$obj" -DCMAKE_BUILD_TYPE=$type -DNRPROF_TARBALLS="$tarballs") &&
        cmake --build "$obj" --parallel "$jobs" &&
        cmake --install "$obj" --prefix "$out" $strip
}

failed=0
"$root/scripts/deps.sh" || exit 1
for target in "${targets[@]}"; do
    # shellcheck disable=SC2046
    need_packages $(packages_for "$target") || exit 1
    log=$root/build/log/build-$target$debug.log
    if build "$target" >"$log" 2>&1; then
        say "built build/$target$debug: $(cd "$root/build/$target$debug" 2>/dev/null && find . -maxdepth 1 -type f -printf '%f (%s bytes) ' | sort)"
    else
        failed=1
        say "build of $target$debug failed; the end of build/log/${log##*/}:"
        grep -E 'error|FAILED|Error' "$log" | tail -n 20
        tail -n 20 "$log"
    fi
done
exit $failed
