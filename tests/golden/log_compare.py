#!/usr/bin/env python3
"""log_compare.py LEVEL GOLDEN.xz LOG   Are these two masked profiler logs of one web application the same?

info, debug  the same lines, each as often, in any order, but for the lines that are added here (ADDED)
finest       the same lines for every method that was compiled in both runs (which methods that is differs from run to run), and
             the same other lines, how often does not matter"""
import collections, lzma, re, sys

ADDED = [r'\[Info \] @time nrprof [0-9.]+, commit ', r'\[Debug\] @time (Templates|Verifier): ',
         r'\[Debug\] @time \S+:\d+: the rule for .* stands behind the one at ', r'\[Debug\] @time Near miss: ',
         # Of two rules for one method the reference tries the one at the lower address first, this library the first in the file;
         # which of them logs that it does not suit the version differs.
         r'\[Debug\] @time \S+ version \S+ (exceeds maximum|does not meet minimum) version ']
METHOD = re.compile(r'\(Module: .*')

def added(line): return any(re.match(a, line) for a in ADDED)

def counted(golden, ours):
    a, b = collections.Counter(golden), collections.Counter(l for l in ours if not added(l))
    return ['- ' + l for l in (a - b).elements()] + ['+ ' + l for l in (b - a).elements() if not added(l)]

def by_method(lines):
    methods, others = collections.defaultdict(set), set()
    for line in lines:
        m = METHOD.search(line)
        if not m: others.add(re.sub(r'Not searching .* for', 'Not searching @assembly for', line)); continue
        name = m.group(0).split('): ')[0]
        methods[name.rstrip(')')].add(line)
    return methods, others

def per_method(golden, ours):
    (ma, oa), (mb, ob) = by_method(golden), by_method(ours)
    both = set(ma) & set(mb)
    out = [mark + l for n in sorted(both) for mark, ls in (('- ', ma[n] - mb[n]), ('+ ', mb[n] - ma[n])) for l in sorted(ls)]
    out += ['- ' + l for l in sorted(oa - ob)] + ['+ ' + l for l in sorted(ob - oa) if not added(l)]
    if len(both) < 3000: out.append('only %d methods in both logs' % len(both))
    return out, len(both)

def main(level, golden_path, our_path):
    golden = lzma.open(golden_path, 'rt', encoding='utf-8').read().splitlines()
    ours = open(our_path, encoding='utf-8').read().splitlines()
    if level == 'finest': out, n = per_method(golden, ours); what = '%d methods in both' % n
    else: out = counted(golden, ours); what = '%d lines' % len(golden)
    print('\n'.join(out[:20] + [what + ', %d differences, %d added lines' % (len(out), sum(map(added, ours)))]))
    return 1 if out else 0

sys.exit(main(*sys.argv[1:]))
