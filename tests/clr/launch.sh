#!/usr/bin/env bash
# launch.sh PROGRAM [ARGUMENT...]: the program of a foreign platform, for the test host. NRPROF_CLR_TARGET says which.
. "$(dirname "$0")/../../scripts/lib.sh"
case $NRPROF_CLR_TARGET in
windows-*) # without mscoree wine cannot map assemblies, so no DLL is overridden
    export WINEDEBUG=-all
    unset DISPLAY
    if [ "$NRPROF_CLR_TARGET" = windows-x86 ]; then
        exec "$root/scripts/wine32.sh" "$@"
    fi
    WINEPREFIX=$root/build/wineprefix exec /usr/lib/wine/wine64 "$@" </dev/null
    ;;
*) run_target "$NRPROF_CLR_TARGET" "$@" ;;
esac
