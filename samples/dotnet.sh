# shellcheck shell=bash
# Sourced after scripts/lib.sh by what builds and runs C# projects: quiet, offline where possible, output in build/dotnet.
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_ROLL_FORWARD=Major
dotnet_out=${NRPROF_BUILD:-$root/build}/dotnet

# dotnet_build PROJECT_DIRECTORY...: builds each for the framework of the installed SDK; the compiler's output is shown when one fails.
dotnet_build() {
    local project output version
    version=$(dotnet --version)
    export NRPROF_TFM=${NRPROF_TFM:-net${version%%.*}.0}
    for project in "$@"; do
        output=$(dotnet build "$project" -c Release -v q -nologo 2>&1) || {
            tail -n 20 <<<"$output"
            return 1
        }
    done
}

# dotnet_for FRAMEWORK RID: what is built after this is for FRAMEWORK (net8.0 …) and RID (linux-x64, win-x64 …), programs bring the runtime
# with them. It is the newest one of the local package folder, else what the SDK asks the package source for; of 3.1, which has no
# successor, any will do.
dotnet_for() {
    local packs=${NUGET_PACKAGES:-$HOME/.nuget/packages}/microsoft.netcore.app.runtime.$2
    export NRPROF_TFM=$1 NRPROF_RID=$2 NRPROF_FX NRPROF_BUILD=${NRPROF_BUILD:-$root/build}/$1-$2
    local version=${1#net}
    version=${version#coreapp}
    NRPROF_FX=$(find "$packs" -mindepth 1 -maxdepth 1 -name "$version.*" -printf '%f\n' 2>/dev/null | grep -E '^[0-9.]+$' | sort -V | tail -n 1)
    [ "$version" != 3.1 ] || NRPROF_FX=${NRPROF_FX:-3.1.3}
    dotnet_out=$NRPROF_BUILD/dotnet
}

# dotnet_missing TEXT: prints the package that cannot be had, when that is why a build failed with this output
dotnet_missing() { grep -oE 'error (NU110[0123]|NU1301|NETSDK1112|NETSDK1127)[^[]*' <<<"$1" | head -n 1 | grep .; }
