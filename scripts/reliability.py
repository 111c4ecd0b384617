#!/usr/bin/env python3
"""reliability.py [LOG...]: docs/reliability.md, made from what the test runs have measured.

Phases of scripts/test.sh print lines "figure NAME VALUE"; their logs are build/log/test-PHASE.log (and build/log/soak.log by tests/soak/run.sh). With
NRPROF_UPDATE_DOCS=1 the figures of the logs, or of those named, go into docs/reliability.json with the day of the run, and the page is written from
that file. A figure that no log has keeps its value and its day. Otherwise this is a test: the page has to be what the file says.

A name that a log has several times is added up: it counts parts of one thing. Some figures count only from a run of some length, or of one kind (RUNS)."""
import datetime
import glob
import json
import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
STORE, PAGE, CRASHES = (os.path.join(TOP, "docs", name) for name in ("reliability.json", "reliability.md", "crashes.md"))
FIGURE = re.compile(r"^figure ([a-z0-9_.-]+) (-?[0-9]+(?:\.[0-9]+)?)\s*$", re.I)
# Figures with this beginning: the log must be named so, and the run must have had this much of that.
RUNS = [
    ("faults.", r"fault", None),
    ("concurrency.", r"TSan", None),
    ("soak.control.", r"soak", None),
    ("soak.", r"", ("soak.minutes", 10)),
]
CONTROLS = {"short": "all of it, a short run", "other": "with the C++ profiler", "without-refresh": "no refresh", "without-refresh-rules": "no refresh, and rules that stay", "without-profiler": "no profiler", "without-rules": "no rules that come and go",
            "without-profiles": "no thread profiles"}
FUZZ_SECONDS = 600  # a target's run counts from here


def read_log(path):
    figures = {}
    with open(path, encoding="utf-8", errors="replace") as f:
        for line in f:
            m = FIGURE.match(line)
            if m:
                value = float(m.group(2))
                figures[m.group(1)] = figures.get(m.group(1), 0) + (int(value) if value == int(value) else value)
    return figures


def counted(path, figures):
    """Those of a log's figures that the page may show."""
    name = os.path.basename(path)
    for key, value in figures.items():
        rule = next((r for r in RUNS if key.startswith(r[0])), None)
        if rule and (not re.search(rule[1], name) or (rule[2] and figures.get(rule[2][0], 0) < rule[2][1])):
            continue
        m = re.match(r"fuzz\.(?:([a-z]+)\.)?", key)
        if m and (not m.group(1) or figures.get("fuzz.%s.seconds" % m.group(1), 0) < FUZZ_SECONDS):
            continue
        yield key, value


def update(store, logs):
    for path in sorted(logs, key=os.path.getmtime):
        day = datetime.datetime.fromtimestamp(os.path.getmtime(path), datetime.timezone.utc).strftime("%Y-%m-%d")
        for key, value in counted(path, read_log(path)):
            store[key] = {"value": value, "day": day}


# ---- the page ---------------------------------------------------------------------------------------------------------------

class Page:
    def __init__(self, store):
        self.store, self.lines = store, []

    def text(self, words):
        self.lines += [words, ""]

    def value(self, key, form="{:,}"):
        return form.format(self.store[key]["value"]) if key in self.store else "not measured yet"

    def day(self, *keys):
        days = [self.store[k]["day"] for k in keys if k in self.store]
        return max(days) if days else "–"

    def table(self, head, rows):
        self.lines += ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
        self.lines += ["| " + " | ".join(row) + " |" for row in rows] + [""]

    def figures(self, rows):
        """[(words, key)]: one line each."""
        self.table(("what", "figure", "day"), [(words, self.value(key), self.day(key)) for words, key in rows])

    def names(self, pattern):
        return sorted(m.group(1) for m in (re.fullmatch(pattern, key) for key in self.store) if m)


def fuzzing(p):
    p.text("## Fuzzing")
    p.text("Each target (`tests/fuzz/README.md` says what has to hold) for at least ten minutes of processor time, with AddressSanitizer and UndefinedBehaviorSanitizer. "
           "No input is known that breaks one.")
    rows, executions, seconds = [], 0, 0
    for name in p.names(r"fuzz\.([a-z]+)\.executions"):
        key, time = "fuzz.%s.executions" % name, "fuzz.%s.seconds" % name
        executions += p.store[key]["value"]
        seconds += p.store[time]["value"]
        rows.append(("`%s`" % name, p.value(key), "%.1f" % (p.store[time]["value"] / 60), p.day(key)))
    rows.append(("all", "{:,}".format(executions), "%.1f" % (seconds / 60), "")) if rows else rows.append(("–", "not measured yet", "–", "–"))
    p.table(("target", "executions", "minutes of processor time", "day"), rows)


def faults(p):
    p.text("## Fault injection")
    p.text("One thing fails, at n = 1, 2, 3 … until the operation needs no more of them (`NRPROF_FAULTS=all`; a run may take each so-manieth of "
           "thousands, then the figure is smaller). After each: no crash, nothing leaked, the method as it was or "
           "rewritten as a whole, and the next operation works. Operations: start with the rules, module load, compilation, refresh, live instrumentation, "
           "reload of the configuration, thread profile, a validation recording.")
    p.figures([
        ("allocations of the whole library", "faults.allocations"), ("file operations", "faults.files"),
        ("allocations while a method is rewritten (20 shapes)", "faults.shapes.allocations"), ("calls of the CLR meanwhile", "faults.shapes.calls"),
        ("both, with the verifier", "faults.shapes.verified"), ("calls of the CLR, in all operations", "faults.calls"),
        ("allocations and file operations while a recording is made", "faults.recording")])


def bodies(p):
    p.text("## Method bodies")
    p.text("The verifier against the JIT compiler, over rewritten methods of the shared framework: what the JIT rejects the verifier must find, and with "
           "`NEW_RELIC_SAFE_REWRITE=1` no method may fail that does not fail without a profiler.")
    p.figures([
        ("rewritten methods", "jit.bodies"), ("of these rejected by the JIT", "jit.rejected"), ("of these found by the verifier", "jit.found"),
        ("called bad by the verifier", "jit.bad"), ("called unknown", "jit.unknown"), ("failed to compile in safe mode", "jit.safe.failed"),
        ("bodies of the shared frameworks decoded and encoded without a difference", "corpus.roundtrip"), ("of these valid for the verifier", "corpus.valid")])
    recordings = p.names(r"golden\.([a-z0-9-]+)\.methods")
    if recordings:
        p.text("Recordings of the C++ profiler, of which every body is the same here, byte for byte:")
        p.figures([("`%s`" % name, "golden.%s.methods" % name) for name in recordings])


def coverage(p):
    p.text("## Branch coverage")
    rooms = p.names(r"coverage\.([a-z]+)\.branches")
    rows = [("`src/%s`" % room, p.value("coverage.%s.branches" % room, "{:.1f} %"), p.day("coverage.%s.branches" % room)) for room in rooms]
    p.table(("room", "branches taken by the tests", "day"), rows or [("–", "not measured yet", "–")])


def threads(p):
    p.text("## Threads and analysis")
    p.text("16 threads on the simulated CLR, through the library's COM interfaces and exports, under ThreadSanitizer (`unit_sim storm`): they compile methods "
           "of the shared framework, load and unload modules, refresh, read a configuration and rule files that change, hand over live rules, sample stacks, "
           "start and end, and come back in from JITInlining and from inside RequestReJIT; once more with the switches on and everything logged, and once more "
           "while a recording is made. Afterwards every method is what one thread alone makes of it, and nothing has leaked. ThreadSanitizer does not see the lock that "
           "guards the simulation, so what it does orders no thread of the library. The order of locks is checked in debug builds (`docs/architecture.md`).")
    p.figures([
        ("methods compiled by them", "concurrency.compilations"), ("bodies written", "concurrency.bodies"),
        ("modules loaded and unloaded", "concurrency.modules"), ("refreshes", "concurrency.refreshes"), ("reloads of the configuration", "concurrency.reloads"),
        ("sets of live rules", "concurrency.live"), ("thread profiles", "concurrency.profiles"), ("frames of these whose names were checked", "concurrency.frames"),
        ("managed threads that came and went", "concurrency.threads"), ("calls that came in from inside another", "concurrency.nested"),
        ("methods compiled by 16 threads on the engine alone (`unit_engine storm`)", "concurrency.engine.compilations"),
        ("findings of clang-tidy that are not explained", "analysis.clang-tidy.findings"), ("of cppcheck", "analysis.cppcheck.findings"),
        ("of gcc -fanalyzer", "analysis.gcc-analyzer.findings"), ("errors that valgrind found in unit tests and scenarios", "analysis.valgrind.errors")])


def soak(p):
    p.text("## Soak")
    p.text("A web application under load, with a refresh each second, a thread profile every five, rules that come and go, and a log that is moved away "
           "(`tests/soak/run.sh`).")
    p.text("![Memory over the minutes of the run](soak.svg)")
    p.figures([
        ("minutes", "soak.minutes"), ("requests answered", "soak.requests"), ("requests not answered, or wrongly", "soak.requests.unanswered"),
        ("calls of instrumented methods", "soak.calls"), ("refreshes", "soak.refreshes"), ("thread profiles", "soak.profiles"),
        ("times the log was moved", "soak.rotations"), ("bytes the library has in use when warm, at most (replaced rules wait for their last reader)", "soak.library.warm"),
        ("at the end, at most", "soak.library.end"), ("bytes it has in use when warm, median", "soak.library.median.warm"), ("at the end, median", "soak.library.median.end"),
        ("bytes the library holds of the C heap when warm (median), by who called malloc", "soak.heap.warm"), ("at the end", "soak.heap.end")])
    p.text("What the process grows by, in bytes a minute, and that of control runs beside it. The runtime keeps what it made of each version of a method, "
           "whoever asked for it: its code, and records in the C heap (\"other libraries\"). Without a refresh there is no new version.")
    runs = [("all of it, ten minutes", "soak.")] + [(CONTROLS.get(name, "`%s`" % name), "soak.control.%s." % name)
                                       for name in p.names(r"soak\.control\.([a-z-]+)\.minutes")]
    columns = ("minutes", "refreshes", "process.trend", "process.code", "process.managed", "process.heap", "heap.trend", "process.rest")
    p.table(("run", "minutes", "refreshes", "the process", "of this code and types", "managed heap", "other libraries in the C heap", "the profiler in the C heap",
             "the rest", "day"), [[words] + [p.value(key + c) for c in columns] + [p.day(key + "minutes")] for words, key in runs])


def crashes(p):
    p.text("## Known crashes of the C++ profiler")
    p.text("`docs/crashes.md` names the test of each; `C`, `Q`, `L`, `T`, `E` and `N` are the chapters of its list.")
    rows = []
    with open(CRASHES, encoding="utf-8") as f:
        for line in f:
            cells = [c.strip() for c in re.split(r"(?<!\\)\|", line.strip())[1:-1]]
            if len(cells) == 5 and re.fullmatch(r"[A-Z][0-9.]+|any", cells[0]):
                rows.append(cells[:4])
    p.table(("id", "input", "the C++ profiler", "here"), rows)


def page(store):
    p = Page(store)
    p.text("# Reliability")
    p.text("What the test runs have tried and found. This page is written by `scripts/reliability.py` from the figures that the runs print "
           "(`docs/reliability.json`); a figure stays, with its day, until a later run gives another. `scripts/test.sh --all` gives most of them.")
    for part in (fuzzing, faults, bodies, coverage, threads, soak, crashes):
        part(p)
    return "\n".join(p.lines).rstrip() + "\n"


def main():
    store = {}
    if os.path.exists(STORE):
        with open(STORE, encoding="utf-8") as f:
            store = json.load(f)
    if os.environ.get("NRPROF_UPDATE_DOCS"):
        update(store, sys.argv[1:] or glob.glob(os.path.join(TOP, "build", "log", "*.log")))
        with open(STORE, "w", encoding="utf-8") as f:
            f.write("{\n" + ",\n".join("  %s: %s" % (json.dumps(k), json.dumps(store[k])) for k in sorted(store)) + "\n}\n")
        with open(PAGE, "w", encoding="utf-8") as f:
            f.write(page(store))
        print("wrote docs/reliability.json (%d figures) and docs/reliability.md" % len(store))
    with open(PAGE, encoding="utf-8") as f:
        same = f.read() == page(store)
    if not same:
        print("FAIL docs/reliability.md is not what docs/reliability.json and docs/crashes.md say: NRPROF_UPDATE_DOCS=1 scripts/reliability.py writes it")
    print("%d passed, %d failed, 0 skipped" % (same, not same))
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
