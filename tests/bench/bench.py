#!/usr/bin/env python3
"""Benchmarks of the profiler: runs what scripts/bench.sh has built, prints tables, writes JSON and a page with plots.

Instruction counts come from callgrind on the simulated CLR and are split by shared object, so that the simulation's own part is
not counted. Times on the real CLR are CPU times (user + system) of interleaved runs, pinned to one core where one thread is enough."""
import argparse
import json
import os
import platform
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

CLSID = "{36032161-FFC0-4B61-B559-F6C5D41BAE5A}"
CONFIG = '<?xml version="1.0"?><configuration xmlns="urn:newrelic-config"><log level="info"/></configuration>\n'
MASK_FAST = ("10060224", "0")


def note(text):
    print(text, file=sys.stderr, flush=True)


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

    def environment(self, name, home):
        library, more = self.configurations[name]
        env = {k: v for k, v in os.environ.items() if not re.match("CORECLR_|COR_|NEW_RELIC|NEWRELIC|NULL_PROFILER", k)}
        if library:
            env.update(CORECLR_ENABLE_PROFILING="1", CORECLR_PROFILER=CLSID, CORECLR_PROFILER_PATH=library,
                       CORECLR_NEW_RELIC_HOME=home.path, NEW_RELIC_PROFILER_LOG_DIRECTORY=os.path.join(self.args.work, "logs"))
        env.update(more, DOTNET_TieredPGO="0")
        return env

    def start(self, name, home, words, pin=False, more_env=None, **more):
        prepare = (lambda: os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})) if pin else None
        return subprocess.Popen(["dotnet", self.args.app] + words, env=dict(self.environment(name, home), **(more_env or {})), stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL, text=True, preexec_fn=prepare, **more)

    def measure(self, name, words, pin=True):
        """CPU milliseconds and peak memory in MiB of one run."""
        p = self.start(name, self.full, words, pin=pin)
        output = p.stdout.read()
        _, status, usage = os.wait4(p.pid, 0)
        p.returncode = status
        if status or "hello" not in output:
            raise SystemExit("%s under %s ended with %d" % (words[0], name, status))
        return (usage.ru_utime + usage.ru_stime) * 1000, usage.ru_maxrss / 1024

    def startup(self):
        result = {}
        for program in ("hello", "web"):
            seen = {name: [] for name in self.configurations}
            for run in range(self.args.runs + 1):
                note("%s: run %d of %d" % (program, run, self.args.runs))
                for name in seen:
                    row = self.measure(name, [program])
                    if run:
                        seen[name].append(row)
            result[program] = {n: {"cpu": statistics.median(r[0] for r in rows), "memory": statistics.median(r[1] for r in rows),
                                   "all": [round(r[0], 1) for r in rows]} for n, rows in seen.items()}
        return result

    def inside(self, libraries):
        """Time inside each callback of a start of the web application: {library: {callback: [calls, milliseconds]}}, medians."""
        runs = {name: [] for name in libraries}
        file = os.path.join(self.args.work, "stopwatch.txt")
        for run in range(min(5, self.args.runs)):
            for name, library in libraries.items():
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

    def throughput(self):
        if not shutil.which("wrk"):
            note("SKIP throughput: there is no wrk on this machine")
            return {}
        result = {name: [] for name in self.configurations}
        for _ in range(min(3, self.args.runs)):
            for i, name in enumerate(self.configurations):
                note("throughput: " + name)
                port = 18080 + i
                p = self.start(name, self.one, ["serve", str(port)], stdin=subprocess.PIPE)
                if p.stdout.readline().strip() != "ready":
                    raise SystemExit("the server under %s did not start" % name)
                url = "http://127.0.0.1:%d/" % port
                subprocess.run(["wrk", "-t1", "-c8", "-d%ds" % max(1, self.args.seconds // 2), url], stdout=subprocess.DEVNULL) # to warm up
                out = subprocess.run(["wrk", "-t1", "-c8", "-d%ds" % self.args.seconds, url], stdout=subprocess.PIPE, text=True).stdout
                with open("/proc/%d/status" % p.pid) as f:
                    peak = int(re.search(r"VmHWM:\s+(\d+)", f.read()).group(1)) / 1024
                p.stdin.close()
                p.wait()
                result[name].append((float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1)), peak))
        return {n: {"requests": statistics.median(r[0] for r in rows), "memory": statistics.median(r[1] for r in rows)} for n, rows in result.items()}


# ---- what is shown ----------------------------------------------------------------------------------------------------------

def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(str(c) for c in row) + " |" for row in rows])


def number(v, digits=0):
    return "–" if v is None else "{:,.{d}f}".format(v, d=digits)


def budgets(r):
    """What the figures are meant to be, and whether they are."""
    rows = []

    def row(what, limit, unit, measured, digits=0, least=False, other=None):
        if measured is None:
            return
        met = measured >= limit if least else measured <= limit
        show = lambda v: "–" if v is None else number(v, digits) + unit
        rows.append([what, ("at least " if least else "at most ") + show(limit), show(measured), show(other), "yes" if met else "**no**"])

    def library(name):
        return {"counts": r.get("counts", {}).get(name), "times": r.get("times", {}).get(name)}

    ours, other = library("nrprof"), library("other")
    if ours["counts"]:
        callbacks = ("callback.Plain", "callback.Ruled", "callback.Attributed")
        worst = lambda of: max(of["counts"][k] for k in callbacks) if of["counts"] else None
        row("callback of a method that does not match, instructions", 300, "", worst(ours), other=worst(other))
        row("`JITInlining`, instructions", 10, "", ours["counts"]["inline"], other=other["counts"] and other["counts"]["inline"])
        if other["counts"]:
            least = min(other["counts"]["again.%d" % i] / ours["counts"]["again.%d" % i] for i in range(len(r["shapes"])))
            row("instrumenting, shape known: instructions of the other ÷ own", 8, "", least, 1, least=True)
    if "growth" in r:
        counted = [x["callback"] for x in r["growth"]["rules"] if x["callback"]]
        row("callback: most ÷ fewest instructions, 10 to 10,000 rules", 1.02, "", max(counted) / min(counted), 2)
    if ours["times"]:
        small = [i for i, text in enumerate(r["shapes"]) if "bytes" not in text]
        worst = lambda of: max(of["times"]["again.%d" % i] for i in small) if of["times"] else None
        row("instrumenting, shape known, small methods", 25, " µs", worst(ours), 1, other=worst(other))
        if "start.shipped" in ours["times"]:
            row("start with all shipped files", 3, " ms", ours["times"]["start.shipped"] / 1000, 2,
                other=other["times"] and other["times"]["start.shipped"] / 1000)
        row("excluded process", 3, " ms", ours["times"]["excluded"] / 1000, 2, other=other["times"] and other["times"]["excluded"] / 1000)
    if "threads" in r:
        rate = {n: x for n, x in r["threads"]}
        row("callbacks of two threads ÷ one", 1.9, "", rate[2] / rate[1], 2, least=True)
    if "startup" in r:
        null, bare = "null, reference's mask", "bare"
        cpu = lambda program, name: r["startup"][program][name]["cpu"]

        def over(program, name, base):
            """Median of the differences within each round: what drifts from round to round falls out."""
            of = r["startup"][program]
            if name in of:
                return statistics.median(a - b for a, b in zip(of[name]["all"], of[base]["all"]))

        row("hello world over *null*", 5, " ms", over("hello", "nrprof", null), 1, other=over("hello", "other", null))
        row("web application over *null*", 25, " ms", over("web", "nrprof", null), 1, other=over("web", "other", null))
        row("fast start: hello world over *bare*", 5, " ms", over("hello", "nrprof, fast start", bare), 1)
        row("fast start: web application ÷ *bare*", 1.10, "", cpu("web", "nrprof, fast start") / cpu("web", bare), 2)
        peak = lambda name: r["startup"]["hello"][name]["memory"] - r["startup"]["hello"][null]["memory"] if name in r["startup"]["hello"] else None
        row("memory after start (peak of hello world over *null*)", 3, " MiB", peak("nrprof"), 1, other=peak("other"))
    if "inside" in r:
        inside = lambda name: sum(ms for _, ms in r["inside"][name].values()) if name in r["inside"] else None
        row("web application: time inside the library", 25, " ms", inside("nrprof"), 1, other=inside("other"))
    if "calls" in r and "nrprof, direct call" in r["calls"]:
        direct = r["calls"]["nrprof, direct call"]
        other_calls = r["calls"].get("other")
        row("direct call, one thread", 100, " ns", direct[0][1], other=other_calls and other_calls[0][1])
        row("direct call", 100, " bytes", direct[0][3], other=other_calls and other_calls[0][3])
    return rows


def tables(r):
    out = {}
    if "machine" in r:
        m = r["machine"]
        out["machine"] = "%s; %s; %d processors, load %s when the run began; .NET %s; %s" % (m["cpu"], m["system"], m["processors"], m["load"],
                                                                                            m["dotnet"], m["date"])
    found = budgets(r)
    if found:
        out["budgets"] = table(["", "budget", "nrprof", "other", "met"], found)
    if "counts" in r:
        names = list(r["counts"])
        words = {"start": "start, 1 file", "start.shipped": "start, shipped files", "excluded": "excluded process", "inline": "JITInlining",
                 "callback.Plain": "callback, assembly without rules", "callback.Attributed": "the same, it refers to the attributes",
                 "callback.Ruled": "callback, assembly with rules", "first.Ruled": "first callback of such an assembly, 1,000 methods",
                 "load.Plain": "module load", "load.Shapes": "module load, 12 methods with rules", "refresh": "refresh, 1 file"}
        for i, shape in enumerate(r["shapes"]):
            words["first.%d" % i] = "instrument %s, first of its shape" % shape
            words["again.%d" % i] = "instrument %s, again" % shape
        head = ["", *("instructions, " + n for n in names), *("µs, " + n for n in names)]
        rows = []
        for key, text in words.items():
            if key not in r["counts"][names[0]]:
                continue
            rows.append([text] + [number(r["counts"][n].get(key)) for n in names] +
                        [number(r.get("times", {}).get(n, {}).get(key), 2) for n in names])
        out["counts"] = table(head, rows)
    if "growth" in r:
        g = r["growth"]
        out["growth"] = "\n\n".join([
            table(["methods in the module", "instructions per callback", "first callback"], [[number(a), number(b), number(c)] for a, b, c in g["methods"]]),
            table(["modules", "instructions per callback", "per load"], [[number(a), number(b), number(c)] for a, b, c in g["modules"]]),
            table(["rules", "instructions per callback", "ns per callback, simulation included", "instructions of the start", "ms",
                   "of a refresh", "ms"],
                  [[number(x["rules"]), number(x["callback"]), number(x["callback_ns"]), number(x["start"]), number(x["start_ms"], 1),
                    number(x["refresh"]), number(x["refresh_ms"], 1)] for x in g["rules"]])])
    if "threads" in r:
        one = r["threads"][0][1]
        out["threads"] = table(["threads", "callbacks per second", "× one thread"], [[n, number(rate), number(rate / one, 2)] for n, rate in r["threads"]])
    if "startup" in r:
        s = r["startup"]
        rows = []
        for name in s["hello"]:
            row = [name]
            for program in ("hello", "web"):
                row += [number(s[program][name]["cpu"], 0), number(s[program][name]["cpu"] / s[program]["bare"]["cpu"], 2), number(s[program][name]["memory"], 1)]
            rows.append(row)
        out["startup"] = table(["", "hello world, CPU ms", "× bare", "peak MiB", "web application, CPU ms", "× bare", "peak MiB"], rows)
    if "inside" in r:
        names = list(r["inside"])
        of = lambda name, callback: r["inside"][name].get(callback, [0, 0.0])
        callbacks = sorted(set().union(*r["inside"].values()), key=lambda c: -max(of(n, c)[1] for n in names))
        shown = [c for c in callbacks if max(of(n, c)[1] for n in names) >= 0.05]
        rest = [c for c in callbacks if c not in shown]
        rows = [[c] + [cell for n in names for cell in (number(of(n, c)[0]), number(of(n, c)[1], 2))] for c in shown]
        for title, group in (("all others", rest), ("**together**", callbacks)):
            rows.append([title] + [cell for n in names for cell in (number(sum(of(n, c)[0] for c in group)), number(sum(of(n, c)[1] for c in group), 2))])
        out["inside"] = table(["", *(w for n in names for w in ("calls, " + n, "ms, " + n))], rows)
    if "calls" in r:
        head = ["%d thread%s" % (x[0], "" if x[0] == 1 else "s") for x in next(iter(r["calls"].values()))]
        out["calls"] = "\n\n".join([
            table(["CPU ns per call", *head, "bytes per call"],
                  [[name] + [number(x[1], 0) for x in rows] + [number(rows[0][3], 0)] for name, rows in r["calls"].items()]),
            table(["million calls per second, all threads", *head],
                  [[name] + [number(x[2] / 1e6, 2) for x in rows] for name, rows in r["calls"].items()])])
    if r.get("throughput"):
        bare = r["throughput"]["bare"]["requests"]
        out["throughput"] = table(["", "requests per second", "of bare", "peak MiB"],
                                  [[n, number(v["requests"]), "%.0f %%" % (100 * v["requests"] / bare), number(v["memory"], 0)] for n, v in r["throughput"].items()])
    return out


def bars(title, rows, unit):
    """Horizontal bars as SVG: rows of (name, value)."""
    height, most = 24, max(v for _, v in rows) or 1
    left = 20 + 7 * max(len(name) for name, _ in rows)
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="13">' % (left + 540, height * len(rows) + 34),
             '<text x="0" y="16" font-weight="bold">%s</text>' % title]
    for i, (name, value) in enumerate(rows):
        y = 28 + i * height
        parts.append('<text x="0" y="%d">%s</text><rect x="%d" y="%d" width="%.1f" height="16" fill="#4878a8"/><text x="%.1f" y="%d">%s %s</text>'
                     % (y + 13, name.replace("<", "&lt;"), left, y, 420 * value / most, left + 6 + 420 * value / most, y + 13, number(value, 0 if value >= 10 else 2), unit))
    return "".join(parts) + "</svg>"


def html(text):
    """The little Markdown that the tables use."""
    for mark, tag in ((r"\*\*", "b"), (r"\*", "i"), ("`", "code")):
        text = re.sub(mark + "(.+?)" + mark, r"<%s>\1</%s>" % (tag, tag), text)
    return text


def page(r, out):
    parts = ["<!DOCTYPE html><meta charset=utf-8><title>nrprof: what it costs</title><style>body{font:14px sans-serif;max-width:60em;margin:2em}"
             "table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:2px 8px;text-align:right}td:first-child{text-align:left}</style>"
             "<h1>What the profiler costs</h1>"]
    if "startup" in r:
        for program in ("hello", "web"):
            parts.append(bars(program + ", CPU ms", [(n, v["cpu"]) for n, v in r["startup"][program].items()], "ms"))
    if "inside" in r:
        parts.append(bars("web application: time inside the library", [(n, sum(ms for _, ms in v.values())) for n, v in r["inside"].items()], "ms"))
    if "calls" in r:
        parts.append(bars("one call of an instrumented method, one thread", [(n, rows[0][1]) for n, rows in r["calls"].items()], "ns"))
    if r.get("throughput"):
        parts.append(bars("requests per second", [(n, v["requests"]) for n, v in r["throughput"].items()], ""))
    if "counts" in r:
        parts.append(bars("instructions per JIT callback that no rule is about", [(n, c["callback.Ruled"]) for n, c in r["counts"].items()], ""))
        parts.append(bars("instructions to instrument a method, shape known", [(n, c["again.1"]) for n, c in r["counts"].items()], ""))
    if "growth" in r:
        rules = r["growth"]["rules"]
        parts.append(bars("instructions per callback by number of rules", [(str(x["rules"]), x["callback"]) for x in rules if x["callback"]], ""))
        parts.append(bars("start by number of rules", [(str(x["rules"]), x["start_ms"]) for x in rules], "ms"))
        parts.append(bars("refresh by number of rules", [(str(x["rules"]), x["refresh_ms"]) for x in rules], "ms"))
    if "threads" in r:
        parts.append(bars("callbacks per second by threads", [(str(n), rate) for n, rate in r["threads"]], ""))
    for name, text in tables(r).items():
        parts.append("<h2>%s</h2>" % name)
        block = []
        for line in text.splitlines() + [""]:
            if line.startswith("|"):
                if not line.startswith("|---"):
                    block.append("<tr>" + "".join("<td>%s</td>" % html(c.strip()) for c in line.strip("|").split("|")) + "</tr>")
            else:
                if block:
                    parts.append("<table>" + "".join(block) + "</table>")
                block = []
                parts.append("<p>%s</p>" % line)
    with open(os.path.join(out, "report.html"), "w") as f:
        f.write("".join(parts))


def update_document(r, path):
    """Puts the tables between <!-- bench:NAME --> and <!-- end -->."""
    with open(path) as f:
        text = f.read()
    for name, content in tables(r).items():
        text, n = re.subn(r"(<!-- bench:%s -->\n).*?(<!-- end -->)" % name, lambda m: m.group(1) + content + "\n" + m.group(2), text, flags=re.S)
        if not n:
            note("%s has no place for the table '%s'" % (path, name))
    with open(path, "w") as f:
        f.write(text)


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
    for name in ("library", "sim", "threads", "null", "stopwatch", "app", "agent", "work", "out", "extensions", "against", "baseline", "document"):
        p.add_argument("--" + name)
    p.add_argument("--only", default="", help="counts,growth,threads,startup,inside,calls,throughput")
    p.add_argument("--runs", type=int, default=15)
    p.add_argument("--seconds", type=int, default=4)
    p.add_argument("--milliseconds", type=int, default=1000)
    p.add_argument("--write-baseline", action="store_true")
    args = p.parse_args()
    for name in ("library", "sim", "threads", "null", "stopwatch", "app", "agent", "work", "out"):
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
    if real and wanted("startup"):
        results["startup"] = real.startup()
    if real and wanted("inside"):
        results["inside"] = real.inside(libraries)
    if real and wanted("calls"):
        results["calls"] = real.calls()
    if real and wanted("throughput"):
        results["throughput"] = real.throughput()
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
