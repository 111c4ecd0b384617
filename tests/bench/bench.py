#!/usr/bin/env python3
"""Benchmarks of the profiler: runs what scripts/bench.sh has built, prints tables, writes JSON and a page with plots.

Here are times on the real CLR: CPU times (user + system) of interleaved runs, pinned to one core where one thread is enough. What is
measured on the simulated one: simulated.py; instructions of whole processes on the real CLR: process.py."""
import argparse
import json
import os
import platform
import re
import shutil
import signal
import statistics
import subprocess
import time

from compare import report
from process import process, unmatched
from plots import draw, page
from show import note, tables, update_document
from simulated import Home, Sim, counts, growth, threads, times
from throughput import throughput

CLSID = "{36032161-FFC0-4B61-B559-F6C5D41BAE5A}"
MASK_FAST = ("10060224", "0")


class Real:
    def __init__(self, args, libraries):
        self.args = args
        rules = os.path.join(args.work, "bench.xml")
        with open(rules, "w") as f:
            f.write('<extension xmlns="urn:newrelic-extension"><instrumentation><tracerFactory><match assemblyName="Bench.App" '
                    'className="Bench.Program"><exactMethodMatcher methodName="Add"/></match></tracerFactory></instrumentation></extension>')
        shipped = [e.path for e in os.scandir(args.extensions) if e.name.endswith(".xml")] if args.extensions else []
        self.full = Home(args.work, "real", shipped, args.agent)
        self.one = Home(args.work, "one", [rules], args.agent)
        fast = {"NEW_RELIC_FAST_START": "1"}
        direct = {"NEW_RELIC_DIRECT_CALL": "1"}
        self.configurations = {"bare": (None, {}), "null, reference's mask": (args.null, {}),
                               "null, fast start's mask": (args.null, {"NULL_PROFILER_LOW": MASK_FAST[0], "NULL_PROFILER_HIGH": MASK_FAST[1]})}
        for name, library in libraries.items():
            self.configurations[name] = (library, {})
            if name == "nrprof":
                self.configurations["nrprof, fast start"] = (library, fast)
                self.configurations["nrprof, direct call"] = (library, direct)
                self.configurations["nrprof, both"] = (library, dict(fast, **direct))
        # A web application looks at all directories below the current one, and watches what is written there.
        self.current = os.path.join(args.work, "current")
        os.makedirs(self.current, exist_ok=True)
        # Of starts only: the same thing twice shows what chance does, and a home without rules what the library costs by itself.
        self.empty = Home(args.work, "empty", [], args.agent)
        self.nothing = Home(args.work, "nothing", unmatched(shipped, os.path.join(args.work, "unmatched")), args.agent)
        self.starts = {"null, once more": (args.null, {})}
        for name, library in libraries.items():
            self.starts[name + ", no rules"] = (library, {})

    def configuration(self, name):
        return self.configurations.get(name) or self.starts[name]

    def environment(self, name, home):
        library, more = self.configuration(name)
        env = {k: v for k, v in os.environ.items() if not re.match("CORECLR_|COR_|NEW_RELIC|NEWRELIC|NULL_PROFILER", k)}
        if library:
            env.update(CORECLR_ENABLE_PROFILING="1", CORECLR_PROFILER=CLSID, CORECLR_PROFILER_PATH=library,
                       CORECLR_NEW_RELIC_HOME=home.path, NEW_RELIC_PROFILER_LOG_DIRECTORY=os.path.join(self.args.work, "logs"))
        env.update(more)
        return env

    def start(self, name, home, words, pin=False, more_env=None, **more):
        prepare = (lambda: os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})) if pin else None
        return subprocess.Popen(["dotnet", self.args.app] + words, env=dict(self.environment(name, home), **(more_env or {})), stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL, text=True, preexec_fn=prepare, cwd=self.current, **more)

    def measure(self, name, words, pin=True):
        """CPU milliseconds and peak memory in MiB of one run."""
        p = self.start(name, self.empty if name.endswith("no rules") else self.full, words, pin=pin)
        output = p.stdout.read()
        _, status, usage = os.wait4(p.pid, 0)
        p.returncode = status
        if status or "hello" not in output:
            raise SystemExit("%s under %s ended with %d" % (words[0], name, status))
        return (usage.ru_utime + usage.ru_stime) * 1000, usage.ru_maxrss / 1024

    def startup(self):
        result = {}
        for program in ("hello", "web"):
            seen = {name: [] for name in [*self.configurations, *self.starts]}
            for run in range(self.args.runs + 1):
                note("%s: run %d of %d" % (program, run, self.args.runs))
                order = list(seen)
                for name in order[run % len(order):] + order[:run % len(order)]: # each has each place in a round
                    row = self.measure(name, [program])
                    if run:
                        seen[name].append(row)
            result[program] = {n: {"cpu": statistics.median(r[0] for r in rows), "memory": statistics.median(r[1] for r in rows),
                                   "all": [round(r[0], 1) for r in rows]} for n, rows in seen.items()}
        return result

    def inside(self, libraries):
        """Time inside each callback of a start of the web application: {library: {callback: [calls, milliseconds]}}, medians."""
        runs = {name: [] for name in [*libraries, "null"]}
        file = os.path.join(self.args.work, "stopwatch.txt")
        for run in range(min(5, self.args.runs)):
            for name, library in dict(libraries, null=self.args.null).items():
                note("inside the library: %s, run %d" % (name, run + 1))
                self.configurations["stopwatch"] = (self.args.stopwatch, {"STOPWATCH_LIBRARY": library, "STOPWATCH_FILE": file})
                self.measure("stopwatch", ["web"], pin=False) # wall time: its threads must not wait for each other
                with open(file) as f:
                    runs[name].append({w[0]: (int(w[1]), int(w[2]) / 1e6) for w in (line.split() for line in f)})
                os.remove(file)
        del self.configurations["stopwatch"]
        middle = lambda rows, callback, i: statistics.median(row.get(callback, (0, 0))[i] for row in rows)
        return {name: {c: [middle(rows, c, 0), middle(rows, c, 1)] for c in sorted(set().union(*rows))} for name, rows in runs.items()}

    def calls(self):
        """Nanoseconds of CPU per call, calls per second of all threads, bytes per call."""
        result = {}
        # What limits calls that allocate is the garbage collector: the same without a profiler, and both with fewer collections.
        rows = [(name, name, [], {}) for name in self.configurations if "null" not in name]
        for suffix, env in (("", {}), (", gen0 of 256 MiB", {"DOTNET_GCgen0size": "0x10000000"})):
            rows.append(("bare, the same array" + suffix, "bare", ["allocating"], env))
            if env:
                rows.append(("nrprof, direct call" + suffix, "nrprof, direct call", [], env))
        for title, name, words, env in rows:
            of_threads = []
            for n in (1, 2, 4, 8, 16):
                note("cost per call: %s, %d threads" % (title, n))
                p = self.start(name, self.one, ["call", str(n), str(self.args.milliseconds)] + words, more_env=env)
                figures = p.stdout.read().split()
                p.wait()
                of_threads.append([n] + [float(w) for w in figures])
            result[title] = of_threads
        return result


def main():
    p = argparse.ArgumentParser(description=__doc__)
    for name in ("library", "sim", "threads", "null", "stopwatch", "app", "agent", "work", "out", "extensions", "against", "baseline", "document",
                 "count", "libraries", "against-name", "commit"):
        p.add_argument("--" + name)
    p.add_argument("--only", default="", help="counts,growth,threads,process,startup,inside,calls,throughput")
    p.add_argument("--runs", type=int, default=15)
    p.add_argument("--processes", type=int, default=2)
    p.add_argument("--seconds", type=int, default=2)
    p.add_argument("--milliseconds", type=int, default=1000)
    p.add_argument("--write-baseline", action="store_true")
    args = p.parse_args()
    for name in ("library", "sim", "threads", "null", "stopwatch", "app", "agent", "work", "out", "count"):
        if getattr(args, name):
            setattr(args, name, os.path.abspath(getattr(args, name)))
    json_path = os.path.join(args.out, "results.json")
    results = {}
    if args.only and os.path.exists(json_path): # the other parts stay as they were
        with open(json_path) as f:
            results = json.load(f)
    libraries = {"nrprof": args.library}
    if args.against:
        libraries["other"] = os.path.abspath(args.against)
    stripped = {"nrprof": args.library}
    if args.against: # valgrind does not read every kind of debug information
        stripped["other"] = os.path.join(args.work, "other.so")
        subprocess.run(["objcopy", "--strip-debug", libraries["other"], stripped["other"]], check=True)
    with open(os.path.join(args.work, "shapes.txt")) as f:
        shapes = f.read().splitlines()
    results["shapes"] = shapes
    sim = Sim(args)
    other = (args.against_name or os.path.basename(args.against)) if args.against else None
    known = results.setdefault("parts", {})

    def save():
        with open(json_path, "w") as f:
            json.dump(results, f, indent=1)

    def wanted(part):
        """Is it to be measured now? Then what it is measured with is noted: the other parts may be of another run. And what was measured
        before is kept, whatever becomes of this part."""
        if args.only and part not in args.only.split(","):
            return False
        if not args.baseline:
            save()
        known[part] = {"date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()), "load": "%.1f" % os.getloadavg()[0], "commit": args.commit or "–",
                       "other": None if part in ("growth", "threads") else other}
        return True

    if args.baseline:
        found = counts(args, sim, stripped, shapes)["nrprof"]
        raise SystemExit(not report(found, args.baseline, args.extensions, args.write_baseline))
    if wanted("counts"):
        results["counts"] = counts(args, sim, stripped, shapes)
        results["times"] = times(args, sim, stripped, shapes)
    if wanted("growth"):
        results["growth"] = growth(args, sim, args.library)
    if wanted("threads"):
        results["threads"] = threads(args)
    real = Real(args, libraries) if args.app else None
    if real and args.count and wanted("process"):
        results["process"] = process(args, real)
    if real and wanted("startup"):
        results["startup"] = real.startup()
    if real and wanted("inside"):
        results["inside"] = real.inside(libraries)
    if real and wanted("calls"):
        results["calls"] = real.calls()
    if real and not shutil.which("wrk"):
        note("SKIP throughput: there is no wrk on this machine")
    elif real and wanted("throughput"):
        results["throughput"] = throughput(real, list(real.configurations), args.runs, args.seconds)
    with open("/proc/cpuinfo") as f:
        cpu = re.search(r"model name\s*:\s*(.*)", f.read())
    dotnet = subprocess.run(["dotnet", "--list-runtimes"], stdout=subprocess.PIPE, text=True).stdout if args.app else ""
    results["machine"] = {"cpu": cpu.group(1) if cpu else platform.machine(), "system": platform.system() + " " + platform.release(),
                          "processors": len(os.sched_getaffinity(0)),
                          "dotnet": (re.findall(r"Microsoft.NETCore.App ([\d.]+)", dotnet) or ["–"])[-1]}
    save()
    page(results, args.out)
    for name, text in tables(results).items():
        print("\n## %s\n\n%s" % (name, text))
    print("\n%s and report.html beside it" % json_path)
    if args.document:
        update_document(results, args.document)
        draw(results, os.path.dirname(args.document))


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    main()
