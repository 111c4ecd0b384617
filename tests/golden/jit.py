#!/usr/bin/env python3
"""jit.py BASELINE.methods METHODS LOG SAFE.methods   The verifier's verdicts against the JIT's, over one corpus.

BASELINE  what the driver could not prepare without a profiler        METHODS, LOG   with the profiler, log level debug
SAFE      the same with the switch `verify` on

Every method that only the rewriting keeps from compiling has to be bad or unknown for the verifier; what the verifier does not call ok but
the JIT compiles has to have a reason of REASONS; and in safe mode nothing may fail that does not fail without a profiler."""
import collections, re, sys

# What the JIT takes although it is wrong (a managed pointer kept as an object: the garbage collector finds out), and what
# nobody can tell at the time.
REASONS = {'POINTER_AS_OBJECT', 'TYPE_UNRESOLVED'}
VERDICT = re.compile(r'Verifier: (bad|unknown) ([A-Z_]+).*: 0x([0-9a-f]+) \(Module: .*?\)\[([^\]]+)\]')
TOTALS = re.compile(r'Verifier: (\d+) bodies ok, (\d+) bad, (\d+) unknown')

def failed(path):
    rows = (l.rstrip('\n').split('\t') for l in open(path, encoding='utf-8'))
    return {(f[1], int(f[2], 16)): f[4].split(':')[0] for f in rows if f[0] == 'fail'}

def main(baseline, methods, log, safe):
    base, jit, quiet = failed(baseline), failed(methods), failed(safe)
    verdicts, totals = {}, (0, 0, 0)
    for line in open(log, encoding='utf-8'):
        m = VERDICT.search(line)
        if m: verdicts[m.group(4), int(m.group(3), 16)] = m.group(1), m.group(2)
        m = TOTALS.search(line)
        if m: totals = tuple(map(int, m.groups()))
    rejected = {k for k, e in jit.items() if k not in base}
    missed = sorted(rejected - set(verdicts))
    accepted = collections.Counter(verdicts[k][1] for k in verdicts if k not in rejected)
    found = collections.Counter(verdicts[k][1] for k in rejected if k in verdicts)
    nameless = [k for k in verdicts if k not in rejected and verdicts[k][1] not in REASONS]
    broken = sorted(set(quiet) - set(base))
    for what, rows in (('rejected by the JIT, not by the verifier', missed), ('not ok for the verifier, compiled, no known reason', nameless),
                       ('failed in safe mode', broken)):
        for asm, token in rows[:10]: print('  %s: [%s]%08x %s' % (what, asm, token, verdicts.get((asm, token), '')))
    for name, value in (('jit.bodies', sum(totals)), ('jit.rejected', len(rejected)), ('jit.found', len(rejected) - len(missed)),
                        ('jit.bad', totals[1]), ('jit.unknown', totals[2]), ('jit.safe.failed', len(broken))):
        print('figure %s %d' % (name, value))
    print('%d bodies, %d rejected by the JIT: %d found (%s); %d more not ok (%s); %d missed, %d without a reason, %d failed in safe mode' % (
        sum(totals), len(rejected), len(rejected) - len(missed), ', '.join('%d %s' % (n, k) for k, n in sorted(found.items())),
        sum(accepted.values()), ', '.join('%d %s' % (n, k) for k, n in sorted(accepted.items())), len(missed), len(nameless), len(broken)))
    return 1 if missed or nameless or broken or sum(totals) < 50000 or not rejected else 0

sys.exit(main(*sys.argv[1:]))
