#!/usr/bin/env python3
"""Benchmarks of the profiler: runs what scripts/bench.sh has built, prints tables, writes JSON and a page with plots.

Instruction counts come from callgrind on the simulated CLR and are split by shared object, so that the simulation's own part is
not counted. Times on the real CLR are CPU times (user + system) of interleaved runs, pinned to one core where one thread is enough.
Instructions of whole processes on the real CLR: process.py."""
import argparse
import json
import os
import platform
import re
import shutil
import signal
import statistics
import subprocess
import tempfile
import time

from process import process, unmatched
from show import note, number, page, tables, update_document
from throughput import throughput

CLSID = "{36032161-FFC0-4B61-B559-F6C5D41BAE5A}"
CONFIG = '<?xml version="1.0"?><configuration xmlns="urn:newrelic-config"><log level="info"/></configuration>\n'
MASK_FAST = ("10060224", "0")


class Home:
    """A home directory with some extension files."""

    def __init__(self, work, name, files=(), agent=None):
        self.path = os.path.join(work, "home-" + name)
        os.makedirs(os.path.join(self.path, "extensions"), exist_ok=True)
        with open(os.path.join(self.path, "newrelic.config"), "w") as f:
            f.write(CONFIG)
        core = os.path.join(self.path, "NewRelic.Agent.Core.dll")
        if agent:
            shutil.copy(agent, core)
        else:
            open(core, "w").close()
        for file in files:
            shutil.copy(file, os.path.join(self.path, "extensions"))


# ---- instruction counts ------------------------------------------------------------------------------------------------------

def parse_dump(path):
    """A callgrind dump: its name and the self cost by shared object."""
    names, cost, ob, name, skip = {}, {}, None, "", False
    with open(path) as f:
        for line in f:
            if line.startswith("desc: Trigger:"):
                name = line.rsplit(":", 1)[1].strip()
            elif line.startswith("ob=") or line.startswith("cob="):
                m = re.match(r"(c?ob)=\((\d+)\)(?: (.*))?$", line)
                if m.group(3):
                    names[m.group(2)] = m.group(3)
                if m.group(1) == "ob":
                    ob = names.get(m.group(2), "?")
            elif line.startswith("calls="):
                skip = True
            elif line[:1] in "0123456789+-*":
                if skip:
                    skip = False
                    continue
                parts = line.split()
                if len(parts) > 1:
                    cost[ob] = cost.get(ob, 0) + int(parts[1])
    return name, cost


class Sim:
    def __init__(self, args):
        self.driver, self.work = args.sim, args.work

    def run(self, library, home, operations):
        """Native run: {name: nanoseconds per unit}."""
        env = dict(os.environ, CORECLR_NEW_RELIC_HOME=home.path)
        out = subprocess.run([self.driver, library] + operations, env=env, stdout=subprocess.PIPE, text=True, check=True).stdout
        rows = [line.split() for line in out.splitlines() if not line.startswith("#")]
        return {name: int(ns) / int(count) for name, count, ns in rows}

    def count(self, library, home, operations):
        """Under callgrind: {name: instructions per unit outside of the simulation}."""
        with tempfile.TemporaryDirectory(dir=self.work) as d:
            env = dict(os.environ, CORECLR_NEW_RELIC_HOME=home.path)
            command = ["valgrind", "-q", "--tool=callgrind", "--callgrind-out-file=" + os.path.join(d, "out"), self.driver, library]
            out = subprocess.run(command + operations, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout
            counts = {r.split()[0]: int(r.split()[1]) for r in out.splitlines() if not r.startswith("#")}
            result = {}
            for file in os.listdir(d):
                name, cost = parse_dump(os.path.join(d, file))
                if name in counts:
                    own = sum(v for ob, v in cost.items() if not ob.endswith("/bench_sim"))
                    result[name] = own / counts[name]
            return result


def standard_operations(work, shapes):
    image = lambda name: os.path.join(work, name)
    ops = ["attach", "mark", "start", "1"]
    for name in ("Plain", "Attributed", "Ruled"):
        ops += ["load", image(name + ".dll"), "mark", "load." + name, "1", "jit", "2", "2", "mark", "first." + name, "1",
                "jit", "3", "1000", "mark", "callback." + name, "998"]
    ops += ["inline", "1000", "mark", "inline", "1000", "load", image("Shapes.dll"), "mark", "load.Shapes", "1"]
    for i in range(len(shapes)):
        for which, row in (("first", 2 * i + 1), ("again", 2 * i + 2)):
            ops += ["jit", str(row), str(row), "mark", "%s.%d" % (which, i), "1"]
    return ops + ["call", "InstrumentationRefresh", "mark", "refresh", "1"]


def counts(args, sim, libraries, shapes):
    result = {}
    plain = Home(args.work, "shapes", [os.path.join(args.work, "shapes.xml")])
    ops = standard_operations(args.work, shapes)
    for name, library in libraries.items():
        note("instruction counts: " + name)
        result[name] = sim.count(library, plain, ops)
        result[name]["excluded"] = sim.count(library, plain, ["env", "NEW_RELIC_EXCLUDED_APPLICATION_NAMES=bench_sim", "attach",
                                                              "mark", "excluded", "1"])["excluded"]
        if args.extensions:
            home = Home(args.work, "shipped", [e.path for e in os.scandir(args.extensions) if e.name.endswith(".xml")])
            result[name]["start.shipped"] = sim.count(library, home, ["attach", "mark", "s", "1"])["s"]
    return result


def times(args, sim, libraries, shapes):
    """The same natively: the smallest of 15, in microseconds."""
    result = {}
    plain = Home(args.work, "shapes", [os.path.join(args.work, "shapes.xml")])
    ops = standard_operations(args.work, shapes)
    shipped = None
    if args.extensions:
        shipped = Home(args.work, "shipped", [e.path for e in os.scandir(args.extensions) if e.name.endswith(".xml")])
    for _ in range(args.runs):
        for name, library in libraries.items():
            rows = sim.run(library, plain, ops)
            rows.update(sim.run(library, plain, ["env", "NEW_RELIC_EXCLUDED_APPLICATION_NAMES=bench_sim", "attach", "mark", "excluded", "1"]))
            if shipped:
                rows["start.shipped"] = sim.run(library, shipped, ["attach", "mark", "s", "1"])["s"]
            best = result.setdefault(name, {})
            for key, ns in rows.items():
                best[key] = min(best.get(key, 1e18), ns / 1000)
    return result


def fastest(run, key, times):
    """The smallest of several native runs, of one figure or several."""
    rows = [run() for _ in range(times)]
    return [min(row[k] for row in rows) for k in key]


def growth(args, sim, library):
    result = {"methods": [], "modules": [], "rules": []}
    image = lambda name: os.path.join(args.work, name)
    home = Home(args.work, "shapes", [image("shapes.xml")])
    for n in (10, 100, 1000, 10000):
        note("growth: %d methods" % n)
        rows = sim.count(library, home, ["attach", "load", image("Methods%d.dll" % n), "mark", "load", "1", "jit", "2", "2", "mark", "first", "1",
                                         "jit", "3", str(n), "mark", "callback", str(n - 2)])
        result["methods"].append([n, rows["callback"], rows["first"]])
    for n in (10, 100, 1000):
        note("growth: %d modules" % n)
        rows = sim.count(library, home, ["attach", "mark", "x", "1"] + ["load", image("Plain.dll")] * n + ["mark", "load", str(n), "jit", "2", "2",
                                         "mark", "first", "1", "jit", "3", "1000", "mark", "callback", "998"])
        result["modules"].append([n, rows["callback"], rows["load"]])
    for n in (10, 100, 1000, 10000, 100000):
        note("growth: %d rules" % n)
        rules = Home(args.work, "rules%d" % n, [image("rules%d.xml" % n)])
        ops = ["attach", "mark", "start", "1", "load", image("Plain.dll"), "jit", "2", "2", "mark", "x", "1", "jit", "3", "1000", "mark",
               "callback", "998", "call", "InstrumentationRefresh", "mark", "refresh", "1"]
        callback, start, refresh = fastest(lambda: sim.run(library, rules, ops), ("callback", "start", "refresh"), 5 if n <= 10000 else 1)
        counted = sim.count(library, rules, ops) if n <= 10000 else {}
        result["rules"].append({"rules": n, "callback": counted.get("callback"), "callback_ns": callback, "start_ms": start / 1e6,
                                "start": counted.get("start"), "refresh_ms": refresh / 1e6, "refresh": counted.get("refresh")})
    return result


def threads(args):
    out = subprocess.run([args.threads, str(args.milliseconds), "1", "2", "4", "8", "16"], stdout=subprocess.PIPE, text=True, check=True).stdout
    rows = [[int(n), int(rate)] for n, rate in (line.split() for line in out.splitlines())]
    return rows


# ---- the real CLR --------------------------------------------------------------------------------------------------------------

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
        env.update(more, DOTNET_TieredPGO="0")
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


def compare(found, baseline_path):
    """Reports counts that grew by more than 5 %. Never an error: another compiler counts otherwise."""
    with open(baseline_path) as f:
        baseline = json.load(f)
    worse = 0
    for key, before in sorted(baseline.items()):
        now = found.get(key)
        if now is not None and now > before * 1.05 + 20:
            worse += 1
            print("skip %s: %s instructions, %s in tests/bench/baseline.json (+%.0f %%); meant? scripts/bench.sh --baseline"
                  % (key, number(now), number(before), 100 * now / before - 100))
    print("%d passed, 0 failed, %d skipped" % (len(baseline) - worse, worse))


def main():
    p = argparse.ArgumentParser(description=__doc__)
    for name in ("library", "sim", "threads", "null", "stopwatch", "app", "agent", "work", "out", "extensions", "against", "baseline", "document",
                 "count", "libraries"):
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
    load = "%.1f" % os.getloadavg()[0]
    wanted = lambda part: not args.only or part in args.only.split(",")
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
    if wanted("counts"):
        results["counts"] = counts(args, sim, stripped, shapes)
        if not args.baseline:
            results["times"] = times(args, sim, stripped, shapes)
    if args.baseline:
        if args.write_baseline:
            with open(args.baseline, "w") as f:
                json.dump({k: round(v) for k, v in sorted(results["counts"]["nrprof"].items()) if k != "start.shipped"}, f, indent=1)
                f.write("\n")
        return compare(results["counts"]["nrprof"], args.baseline)
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
    if real and wanted("throughput"):
        if shutil.which("wrk"):
            results["throughput"] = throughput(real, list(real.configurations), args.runs, args.seconds)
        else:
            note("SKIP throughput: there is no wrk on this machine")
    with open("/proc/cpuinfo") as f:
        cpu = re.search(r"model name\s*:\s*(.*)", f.read())
    dotnet = subprocess.run(["dotnet", "--list-runtimes"], stdout=subprocess.PIPE, text=True).stdout if args.app else ""
    results["machine"] = {"cpu": cpu.group(1) if cpu else platform.machine(), "system": platform.system() + " " + platform.release(),
                          "processors": len(os.sched_getaffinity(0)), "load": load, "date": time.strftime("%Y-%m-%d"),
                          "dotnet": (re.findall(r"Microsoft.NETCore.App ([\d.]+)", dotnet) or ["–"])[-1]}
    with open(json_path, "w") as f:
        json.dump(results, f, indent=1)
    page(results, args.out)
    for name, text in tables(results).items():
        print("\n## %s\n\n%s" % (name, text))
    print("\n%s and report.html beside it" % json_path)
    if args.document:
        update_document(results, args.document)


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    main()
