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
