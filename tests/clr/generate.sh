#!/bin/bash
# generate.sh DIRECTORY: source text that is too dull to keep: 600 methods for the threads scenario, one method of 300 parameters.
set -eu
mkdir -p "$1"
{
  echo 'using System; using System.Runtime.CompilerServices; using NewRelic.Api.Agent;'
  echo 'namespace Clr { public static class ManyMethods {'
  # found by a rule when the module loads, and found by attribute when they are compiled
  for i in {0..299}; do echo "  public static int Rule$i(int x) => x + $i;"; done
  for i in {0..299}; do echo "  [Trace, MethodImpl(MethodImplOptions.NoInlining)] public static int Attribute$i(int x) => x + $i;"; done
  echo '  public static readonly Func<int, int>[] All = {'
  for i in {0..299}; do echo "    Rule$i, Attribute$i,"; done
  echo '  };'
  echo '} }'
} > "$1/ManyMethods.cs"
{
  echo 'namespace Clr { public static class Wide {'
  echo "  public static int Take($(for i in {0..299}; do printf '%sint p%d' "${comma-}" "$i"; comma=', '; done)) => p0 + p255 + p256 + p299;"
  echo "  public static int Sum() => Take($(seq -s ', ' 0 299));"
  echo '} }'
} > "$1/Wide.cs"
