"""What is measured on the simulated CLR: instructions by callgrind, without those of the simulation, and times."""
import os
import re
import shutil
import subprocess
import tempfile

from show import note

CONFIG = '<?xml version="1.0"?><configuration xmlns="urn:newrelic-config"><log level="info"/></configuration>\n'


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

SIMULATION = "/bench_sim"


def parse_dump(path, library):
    """A callgrind dump: its name, and the instructions outside of the simulation: not its own, nor those of the C library that it called.
    Loading the profiler's library is counted."""
    names, name, own, ob, cob, cfn, call, ended = {}, "", 0, "", None, "", False, False

    def full(kind, word):
        """Names are written once, with a number in front, and numbers after that."""
        m = re.match(r"\((\d+)\)(?: (.*))?$", word)
        return names.setdefault((kind, m.group(1)), m.group(2))

    with open(path) as f:
        for line in f:
            line = line.rstrip("\n")
            if line.startswith("desc: Trigger:"):
                name = line.rsplit(":", 1)[1].strip()
            elif line.startswith("ob="):
                ob = full("ob", line[3:])
            elif line.startswith("cob="):
                cob = full("ob", line[4:])
            elif line.startswith("fn="):
                full("fn", line[3:])
            elif line.startswith("cfn="):
                cfn = full("fn", line[4:])
            elif line.startswith("calls="):
                call, ended = True, not line.startswith("calls=0 ") # not the call of main
            elif line[:1] in "0123456789+-*":
                cost = int((line.split() + ["0", "0"])[1])
                if call: # what the callee and those it called took
                    if ended and ob.endswith(SIMULATION) and cob and not cob.endswith("/" + library) and not cfn.startswith("dl"):
                        own -= cost
                    call, cob = False, None
                elif not ob.endswith(SIMULATION):
                    own += cost
    return name, own


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
                name, own = parse_dump(os.path.join(d, file), os.path.basename(library))
                if name in counts:
                    result[name] = own / counts[name]
            result.pop("warm", None)
            return result


# The first callback of an assembly, one that is not counted, and those of the other methods up to a row.
def callbacks(first, callback, last=1000):
    return ["jit", "2", "2", "mark", first, "1", "jit", "3", "3", "mark", "warm", "1", "jit", "4", str(last), "mark", callback, str(last - 3)]


def standard_operations(work, shapes):
    image = lambda name: os.path.join(work, name)
    ops = ["attach", "mark", "start", "1"]
    for name in ("Plain", "Attributed", "Ruled", "Both"):
        ops += ["load", image(name + ".dll"), "1", "mark", "load." + name, "1", *callbacks("first." + name, "callback." + name)]
    ops += ["inline", "1", "1000", "mark", "inline", "1000", "load", image("Shapes.dll"), "1", "mark", "load.Shapes", "1"]
    for i in range(len(shapes)):
        for which, row in (("first", 2 * i + 1), ("again", 2 * i + 2)):
            ops += ["jit", str(row), str(row), "mark", "%s.%d" % (which, i), "1"]
    return ops + ["call", "InstrumentationRefresh", "mark", "refresh", "1"]


FAST = ["env", "NEW_RELIC_FAST_START=1"]


def fast_operations(work):
    """The two questions of fast start: about methods that no rule names, and inlining of one that a rule does name."""
    ops = FAST + ["attach", "mark", "x", "1"]
    for name in ("Plain", "Ruled"):
        ops += ["load", os.path.join(work, name + ".dll"), "1", "mark", "x", "1", "search", "2", "3", "mark", "x", "1",
                "search", "4", "1000", "mark", "fast.search." + name, "997", "inline", "2", "1000", "mark", "fast.inline." + name, "1000"]
    return ops + ["inline", "1", "1000", "mark", "fast.inline.wanted", "1000"]


def counts(args, sim, libraries, shapes):
    result = {}
    plain = Home(args.work, "shapes", [os.path.join(args.work, "shapes.xml")])
    ops = standard_operations(args.work, shapes)
    for name, library in libraries.items():
        note("instruction counts: " + name)
        result[name] = sim.count(library, plain, ops)
        result[name]["excluded"] = sim.count(library, plain, ["env", "NEW_RELIC_EXCLUDED_APPLICATION_NAMES=bench_sim", "attach",
                                                              "mark", "excluded", "1"])["excluded"]
        if name == "nrprof":
            fast = sim.count(library, plain, fast_operations(args.work))
            result[name].update((key, n) for key, n in fast.items() if key.startswith("fast."))
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
    result = {"methods": [], "modules": [], "rules": [], "ruled": [], "wide": [], "fast": []}
    image = lambda name: os.path.join(args.work, name)
    home = Home(args.work, "shapes", [image("shapes.xml")])
    for n in (10, 100, 1000, 10000, 100000):
        note("growth: %d methods" % n)
        rows = sim.count(library, home, ["attach", "mark", "x", "1", "load", image("Methods%d.dll" % n), "1", "mark", "load", "1",
                                         *callbacks("first", "callback", min(n, 10000))])
        result["methods"].append([n, rows["callback"], rows["first"]])
    for n in (10, 100, 1000, MODULES):
        note("growth: %d modules" % n)
        rows = sim.count(library, home, ["attach", "mark", "x", "1", "load", image("Plain.dll"), str(n), "mark", "load", str(n),
                                         *callbacks("first", "callback")])
        result["modules"].append([n, rows["callback"], rows["load"]])
    for n in (10, 100, 1000, 10000, 100000):
        note("growth: %d rules" % n)
        rules = Home(args.work, "rules%d" % n, [image("rules%d.xml" % n)])
        ops = ["attach", "mark", "start", "1", "load", image("Plain.dll"), "1", *callbacks("x", "callback")]
        refresh = ["call", "InstrumentationRefresh", "mark", "refresh", "1"]
        ns, start, again = fastest(lambda: sim.run(library, rules, ops + refresh), ("callback", "start", "refresh"), 5 if n <= 10000 else 1)
        counted = sim.count(library, rules, ops + (refresh if n <= 10000 else [])) # half a minute is enough for the greatest
        result["rules"].append({"rules": n, "callback": counted["callback"], "callback_ns": ns, "start_ms": start / 1e6,
                                "start": counted["start"], "refresh_ms": again / 1e6, "refresh": counted.get("refresh")})
        result["ruled"].append([n, *loaded_with(sim, library, Home(args.work, "ruled%d" % n, [image("ruled%d.xml" % n)]), image)])
    for n in (10, 100, 1000, 10000):
        note("growth: %d rules with wildcards" % n)
        result["wide"].append([n, *loaded_with(sim, library, Home(args.work, "wide%d" % n, [image("wide%d.lua" % n)]), image)])
    for n in (10, 100, 1000):
        note("growth: %d modules, fast start" % n)
        row = [n]
        for name in ("Plain", "Ruled"):
            found = sim.count(library, home, [*FAST, "pause", "attach", "load", image(name + ".dll"), str(n), "resume", "mark", "x", "1",
                                              "load", image("Plain.dll"), "1", "mark", "load", "1", "load", image("Shapes.dll"), "1", "mark", "shapes", "1"])
            row += [found["load"], found["shapes"]]
        result["fast"].append(row)
    return result


MODULES = 4000 # the simulated CLR takes 4,095


def loaded_with(sim, library, home, image):
    """Instructions of the load of an assembly that rules are about, of its first callback, of one."""
    rows = sim.count(library, home, ["pause", "attach", "resume", "mark", "x", "1", "load", image("Ruled.dll"), "1", "mark", "load", "1",
                                     *callbacks("first", "callback")])
    return rows["load"], rows["first"], rows["callback"]


def threads(args):
    out = subprocess.run([args.threads, str(args.milliseconds), "1", "2", "4", "8", "16"], stdout=subprocess.PIPE, text=True, check=True).stdout
    rows = [[int(n), int(rate)] for n, rate in (line.split() for line in out.splitlines())]
    return rows
