#!/usr/bin/env python3
"""branches.py table JSON FAILED ROOM=FLOOR...: figures of each room out of gcovr's JSON, for branches.sh; the last line counts the rooms.
branches.py show JSON TEXT...: in files whose names contain one of the texts, lines with branches that were not taken."""
import json
import sys

TARGET = 95.0


def taken(branches):
    return sum(b["count"] > 0 for b in branches)


def read(path):
    """{file: [(line number, count, [branch])]}, without the lines that gcovr leaves out by a marker in the source"""
    with open(path, encoding="utf-8") as f:
        files = json.load(f)["files"]
    return {f["file"]: [(l["line_number"], l["count"], l["branches"]) for l in f["lines"] if not l["gcovr/noncode"]] for f in files}


def table(path, failed, rooms):
    files = read(path)
    good = 0
    print("| room | lines | branches | of them taken |\n|---|---|---|---|")
    results = []
    floors = {room: float(floor) for room, floor in (r.split("=") for r in rooms)}
    for room in floors:
        lines = [l for name, ls in files.items() if name.startswith(f"src/{room}/") for l in ls]
        branches = [b for l in lines for b in l[2]]
        if not branches:
            sys.exit(f"no counters of src/{room}")
        percent = 100.0 * taken(branches) / len(branches)
        covered = 100.0 * sum(l[1] > 0 for l in lines) / len(lines)
        print(f"| src/{room} | {covered:.1f} % of {len(lines)} | {percent:.1f} % | {taken(branches)} of {len(branches)} |")
        results.append((room, percent))
    for room, percent in results:
        print(f"figure coverage.{room}.branches {percent:.1f}")
    for room, percent in results:
        ok = percent >= floors[room]
        good += ok
        target = "" if percent >= TARGET else f", the target is {TARGET:.0f} %"
        print(f"{'PASS' if ok else 'FAIL'} src/{room}: {percent:.1f} % of the branches, not below {floors[room]:.0f} %{target}")
    failed += len(rooms) - good
    print(f"{good} passed, {failed} failed, 0 skipped")
    return failed != 0


def show(path, wanted):
    for name, lines in sorted(read(path).items()):
        if not any(w in name for w in wanted):
            continue
        with open(name, encoding="utf-8") as f:
            source = f.read().split("\n")
        print(f"{name}: {sum(taken(l[2]) for l in lines)} of {sum(len(l[2]) for l in lines)} branches")
        for number, count, branches in lines:
            if count == 0 or taken(branches) < len(branches):
                marks = "".join("+" if b["count"] else "-" for b in branches)
                print(f"{number:5} {count:8}x {marks:8} {source[number - 1]}")


if __name__ == "__main__":
    if sys.argv[1] == "table":
        sys.exit(table(sys.argv[2], int(sys.argv[3]), sys.argv[4:]))
    show(sys.argv[2], sys.argv[3:])
