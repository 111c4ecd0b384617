#!/usr/bin/env bash
# run.sh NAME: one sample, with one command. It needs a .NET SDK and what scripts/build.sh makes.
#
#   console      every method of a console application, as it is called
#   aspnetcore   an ASP.NET Core service with a rule file in XML
#   httpclient   the HTTP requests of an application, from begin to end
#   allocations  a template of one's own: how many objects of a type are made
#   sql          another one: the text of SQL commands, cut at 40 characters
#   ticket       a customer's ticket as a test, without .NET
#   kubernetes   checks the manifest of a deployment with an init container
set -u
. "$(dirname "$0")/../scripts/lib.sh"
samples=$root/samples
nrprof=${NRPROF:-$root/build/linux-x64/nrprof}
[ -x "$nrprof" ] || die "there is no $nrprof; scripts/build.sh makes it"

# application PROJECT DLL: built when it is not there yet
application() {
    need_dotnet || exit 1
    . "$samples/dotnet.sh"
    [ -f "$dotnet_out/$2" ] || dotnet_build "$samples/$1" || die "samples/$1 does not build"
    app=$dotnet_out/$2
}

# The rules of the ConfigMap have to be rules, and the variables some that the runtime or the profiler reads.
kubernetes() {
    local manifest=$samples/kubernetes/deployment.yaml name
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    sed -n '/^  shop.lua: |/,/^---/{/^  shop.lua: |/d;/^---/d;s/^    //p}' "$manifest" >"$work/shop.lua"
    "$nrprof" check "$work/shop.lua" || exit 1
    for name in $(grep -oE 'name: (CORECLR|NEW_RELIC)[A-Z_]+' "$manifest" | cut -d ' ' -f 2); do
        case $name in
        CORECLR_ENABLE_PROFILING | CORECLR_PROFILER | CORECLR_PROFILER_PATH) ;;
        *) grep -q "\"$name\"" "$root/src/rules/env.h" || die "the profiler does not read $name" ;;
        esac
    done
    if command -v kubectl >/dev/null && kubectl version >/dev/null 2>&1; then
        kubectl apply --dry-run=server -f "$manifest"
    else
        say "skip kubectl apply --dry-run: there is no kubectl, or no cluster behind it"
    fi
}

case ${1:-} in
console)
    application console ConsoleSample/Contoso.Console.dll
    "$nrprof" run --trace '[Contoso.Console]Contoso.*::*' -- dotnet "$app"
    ;;
aspnetcore)
    application web WebSample/Contoso.Web.dll
    "$nrprof" run --rules "$samples/web/extensions" -- dotnet "$app"
    ;;
httpclient)
    application web WebSample/Contoso.Web.dll
    "$nrprof" run --rules "$samples/httpclient" -- dotnet "$app"
    ;;
allocations)
    application console ConsoleSample/Contoso.Console.dll
    "$nrprof" run --rules "$samples/allocations" -- dotnet "$app"
    ;;
sql)
    application sql Sql/Contoso.Sql.dll
    "$nrprof" run --rules "$samples/sql/rules" -- dotnet "$app"
    ;;
ticket) "$nrprof" test -v "$samples/ticket" ;;
kubernetes) kubernetes ;;
*)
    sed -n '2,/^set -u/{/^set -u/d;s/^# \{0,1\}//;p}' "$0"
    exit 2
    ;;
esac
