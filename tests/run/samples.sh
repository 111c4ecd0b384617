#!/usr/bin/env bash
# samples.sh [NRPROF]: every sample by its one command, with what it has to show (default: build/linux-x64/nrprof).
set -u
. "$(dirname "$0")/../../scripts/lib.sh"
NRPROF=$(realpath "${1:-$root/build/linux-x64/nrprof}")
export NRPROF
passed=0 failed=0 skipped=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
dotnet_reason=
if dotnet_reason=$(need_dotnet); then
    . "$root/samples/dotnet.sh"
    dotnet_build "$root"/samples/{console,web,sql} || {
        echo "FAIL the samples do not build"
        failed=1
    }
    dotnet_reason=
fi

# sample NAME PATTERN...: exit code 0, and each pattern (grep -E) on a line of what it prints
sample() {
    local name=$1 pattern ok=1
    shift
    if ! "$root/samples/run.sh" "$name" >"$work/out" 2>&1; then
        ok=0
        echo "     exit code"
    fi
    for pattern; do
        grep -qE "$pattern" "$work/out" && continue
        ok=0
        echo "     no line with: $pattern"
    done
    grep -E '^skip ' "$work/out" && skipped=$((skipped + 1))
    if [ $ok = 1 ]; then
        echo "ok   $name"
        passed=$((passed + 1))
    else
        sed 's/^/     /' "$work/out" | head -n 40
        echo "FAIL $name"
        failed=$((failed + 1))
    fi
}

if [ -n "$dotnet_reason" ]; then
    echo "skip samples with an application: $dotnet_reason"
    skipped=5
else
    sample console '> Contoso\.Cart\.Add\("apple", 1\)$' '! Contoso\.Program\.Refused threw System\.NotSupportedException' '^the application got: order for Ada'
    sample aspnetcore '> Contoso\.Program\.Greet\("web", 2\)$' '< Contoso\.Program\.Greet = hello web; hello web; \(' 'HostingApplication\.ProcessRequestAsync'
    sample httpclient "> System\.Net\.Http\.SocketsHttpHandler\.SendAsync\(Method: GET, RequestUri: 'http://127\.0\.0\.1:" '[*<] System\.Net\.Http\.SocketsHttpHandler\.SendAsync'
    sample allocations '^allocated Contoso\.Cart: 1$' '^allocated Contoso\.Cart: 2$' '^the application got: order for Ada'
    sample sql '^sql ExecuteNonQuery: delete from cart$' '^sql ExecuteScalar: select count\(\*\) from orders where custom…$' '^the application got: 68$'
fi
sample ticket '^2 passed, 0 failed$'
sample kubernetes '^1 file, 2 rules, 0 errors, 0 warnings$'
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
