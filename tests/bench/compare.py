"""Instruction counts against tests/bench/baseline.json, and a test that changes are seen."""
import json

from show import number

MORE = 1.05 # what grew by more is reported
FEW = 1 # in instructions: small counts are whole numbers
SHIPPED = "start.shipped" # counted where the shipped extension files are


def compare(found, baseline, may_lack=()):
    """A text for each difference: what grew, what is counted no longer, and what nobody has compared with before."""
    texts = []
    for key, before in sorted(baseline.items()):
        now = found.get(key)
        if now is None:
            if key not in may_lack:
                texts.append("%s: not counted, %s instructions in tests/bench/baseline.json" % (key, number(before)))
        elif now > before * MORE + FEW:
            texts.append("%s: %s instructions, %s in tests/bench/baseline.json (+%.0f %%)" % (key, number(now), number(before), 100 * now / before - 100))
    return texts + ["%s: is not in tests/bench/baseline.json" % key for key in sorted(found) if key not in baseline]


def self_test(found):
    """Baselines made of these counts, changed so that something must be reported, or nothing. A text for each that is not as it must be."""
    baseline = {key: round(v) for key, v in found.items()}
    key = sorted(baseline)[0]
    small = dict(found, small=9)
    cases = [("the same counts", found, baseline, ()),
             ("counts 4 % above it", {k: v * 1.04 for k, v in found.items()}, baseline, ()),
             ("counts 6 % above it", {k: v * 1.06 + 2 * FEW for k, v in found.items()}, baseline, sorted(baseline)),
             ("9 instructions, 12 now", dict(small, small=12), dict(baseline, small=9), ["small"]),
             ("one that is counted no longer", {k: v for k, v in found.items() if k != key}, baseline, [key]),
             ("one that is new", small, baseline, ["small"])]
    return ["%s: %d of %d differences reported" % (what, len(texts), len(expected)) for what, counts, before, expected in cases
            for texts in [compare(counts, before)] if [t.split(":")[0] for t in texts] != list(expected)]


def report(found, path, shipped, write):
    """The phase of scripts/test.sh. More instructions are never an error: another compiler counts otherwise. True: nothing failed."""
    with open(path) as f:
        baseline = json.load(f)
    may_lack = () if shipped else (SHIPPED,)
    if write:
        baseline = dict({k: baseline[k] for k in may_lack if k in baseline}, **{k: round(v) for k, v in found.items()})
        with open(path, "w") as f:
            json.dump(dict(sorted(baseline.items())), f, indent=1)
            f.write("\n")
    wrong = self_test(found)
    for text in wrong:
        print("FAIL comparing with a changed baseline: %s" % text)
    skips = ["%s; meant? scripts/bench.sh --baseline" % text for text in compare(found, baseline, may_lack)]
    skips += ["%s: there are no shipped extension files" % key for key in may_lack]
    for text in skips:
        print("skip " + text)
    print("%d passed, %d failed, %d skipped" % (len(set(baseline) | set(found)) + (not wrong) - len(skips), len(wrong), len(skips)))
    return not wrong
