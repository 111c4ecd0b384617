#!/usr/bin/env python3
"""findings.py TOOL EXAMINED <OUTPUT: what a checker found, without what tests/analysis/TOOL.txt explains.

OUTPUT has lines "path:line[:column]: … [check]". A line of the list is "path check: why it is none"; one that nothing matches any more is a failure,
too, so that the list stays as short as it can be. EXAMINED: how many files the checker has looked at."""
import os
import re
import sys

FOUND = re.compile(r"^(?P<path>[^ :]+):(?P<line>\d+):(?:\d+:)? (?:warning|error|style|performance|portability)?:? ?(?P<text>.*) \[(?P<check>[^\]\[]+)\]$")
EXPLAINED = re.compile(r"^(?P<path>\S+) (?P<check>\S+): (?P<why>.{20,})$")


def main(tool, examined):
    here = os.path.dirname(os.path.abspath(__file__))
    top = os.path.dirname(os.path.dirname(here))
    rules, failed = {}, 0
    with open(os.path.join(here, tool + ".txt"), encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            if line.startswith("#") or not line.strip():
                continue
            m = EXPLAINED.match(line)
            if not m:
                print("FAIL tests/analysis/%s.txt:%d: not 'path check: reason'" % (tool, number))
                failed += 1
                continue
            rules[m.group("path"), m.group("check")] = 0
    seen = set()
    for line in sys.stdin:
        m = FOUND.match(line.rstrip("\n"))
        if not m:
            continue
        path = os.path.relpath(os.path.join(top, re.sub(r"^(\.\./)+", "", m.group("path"))), top)
        for check in m.group("check").split(","):
            if check == "-Werror" or (path, m.group("line"), check) in seen:
                continue
            seen.add((path, m.group("line"), check))
            if (path, check) in rules:
                rules[path, check] += 1
            else:
                print("FAIL %s:%s: %s [%s]" % (path, m.group("line"), m.group("text"), check))
                failed += 1
    for (path, check), used in rules.items():
        if not used:
            print("FAIL tests/analysis/%s.txt: %s %s explains nothing any more: take it out" % (tool, path, check))
            failed += 1
    print("%d files examined, %d findings, %d of them explained" % (examined, len(seen), sum(rules.values())))
    print("figure analysis.%s.findings %d" % (tool, failed))
    if not examined:
        print("FAIL no file was examined")
    print("%d passed, %d failed, 0 skipped" % (examined, failed or not examined))
    return 1 if failed or not examined else 0


sys.exit(main(sys.argv[1], int(sys.argv[2])))
