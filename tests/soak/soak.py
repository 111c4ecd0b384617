#!/usr/bin/env python3
"""The soak test (see run.sh): starts the application and the load, disturbs both, takes a sample each second, judges.

Measured each second: the memory of the process, as the kernel counts it; of this what the runtime keeps code and types in, and the managed heap; what
the profiler and all other libraries hold of the C heap (heap.c); and the bytes that the profiler says it has in use, which it logs after each refresh.
"Warm" is what comes after the first third, two minutes at most: until then the runtime compiles and its heap finds its size.

The runtime keeps each version of a method that was compiled, so each refresh costs memory, whichever profiler asks for it: code, and what belongs to it
in the C heap. That is measured and left out of the verdict. The profiler may not grow at all, the rest of the process hardly."""
import argparse
import glob
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time

import plot

CLSID = "{36032161-FFC0-4B61-B559-F6C5D41BAE5A}"
CONNECTIONS = 8
ROTATE_EVERY, RULES_EVERY = 20, 10  # seconds
KEPT_LOGS = 3
CONTROLS = ("profiler", "refresh", "profiles", "rules")  # what a control run can go without
# .NET maps memory for code and types twice, to write it and to run it, from a file that is in no directory.
CODE_MAPPING = "/memfd:doublemapper"
# What may be lost to growth. The library: the median hides what waits for its last reader for a moment, so no more than a table's next size. The rest
# of the process, without what the runtime holds: blocks of the runtime that stay keep others from being given back.
LIBRARY_BOUND, REST_BOUND = 8 * 1024, 512 * 1024  # bytes; between warm and end; in a minute
MORE_RULES = """<?xml version="1.0" encoding="utf-8"?>
<extension xmlns="urn:newrelic-extension"><instrumentation><tracerFactory metricName="Soak/More">
<match assemblyName="System.Private.CoreLib" className="System.Int32"><exactMethodMatcher methodName="ToString" parameters="void"/></match>
<match assemblyName="Microsoft.AspNetCore.Routing" className="Microsoft.AspNetCore.Routing.EndpointRoutingMiddleware"><exactMethodMatcher methodName="Invoke"/></match>
</tracerFactory></instrumentation></extension>
"""


class Application:
    def __init__(self, args, port):
        env = {k: v for k, v in os.environ.items() if not re.match("CORECLR_|COR_|NEW_RELIC|NEWRELIC", k)}
        env.update(CORECLR_ENABLE_PROFILING="1", CORECLR_PROFILER=CLSID, CORECLR_PROFILER_PATH=args.profiler, CORECLR_NEW_RELIC_HOME=args.home,
                   NEW_RELIC_PROFILER_LOG_DIRECTORY=os.path.join(args.out, "logs"), NEW_RELIC_LOG_LEVEL="debug",
                   DOTNET_GCHeapHardLimit="0x6000000", SOAK_WITHOUT=",".join(args.without), LD_PRELOAD=args.heap, SOAK_HEAP=os.path.join(args.out, "heap.txt"))
        if "profiler" in args.without:
            env["CORECLR_ENABLE_PROFILING"] = "0"
        self.out, self.holders = args.out, {}
        self.errors = open(os.path.join(args.out, "application.err"), "w+")
        self.process = subprocess.Popen(["dotnet", args.app, "serve", str(port)], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.errors, text=True)
        self.counters, self.bad, self.heap, self.profiler = [], [], None, os.path.basename(args.profiler)
        self.ready = threading.Event()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            if line.startswith("ready"):
                self.ready.set()
            elif line.startswith("soak bad"):
                self.bad.append(line.strip())
            elif line.startswith("soak "):
                self.counters = [int(w) for w in line.split()[1:]]

    def memory(self):
        """Resident bytes: of the process, and of these what the runtime keeps code and types in."""
        whole = code = 0
        with open("/proc/%d/smaps" % self.process.pid) as f:
            for line in f:
                words = line.split()
                if words[0] == "Rss:":
                    whole += int(words[1]) * 1024
                    code += int(words[1]) * 1024 if is_code else 0
                elif not words[0].endswith(":"):
                    is_code = len(words) > 5 and words[5] == CODE_MAPPING
        return whole, code

    def held(self):
        """Bytes of the C heap: what the profiler holds, and what all others do."""
        self.heap = self.heap or open(os.path.join(self.out, "heap.txt"))
        for line in self.heap:
            words = line.split()
            self.holders = dict(zip(words[::2], (int(w) for w in words[1::2])))
        ours = self.holders.get(self.profiler, 0)
        return ours, sum(self.holders.values()) - ours

    def end(self):
        self.process.stdin.close()
        try:
            code = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
            self.bad.append("the application did not end within a minute")
        self.reader.join(10)
        return code


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Log:
    """Read through the descriptor that was opened first, as a log shipper does: it follows the file wherever that is moved."""

    def __init__(self, directory):
        self.path = next(iter(glob.glob(os.path.join(directory, "NewRelic.Profiler.*.log"))), os.devnull) # none without a profiler
        self.file = open(self.path, encoding="utf-8")
        self.moved, self.refreshes, self.after_move, self.held, self.faults = 0, 0, 0, None, []
        self.name = self.path

    def read(self):
        for line in self.file:
            m = re.search(r"Refreshed: (\d+) bytes of memory in use", line)
            if m:
                self.held = int(m.group(1))
                self.refreshes += 1
                self.after_move += self.moved > 0
            elif line.startswith(("[Error", "[Warn")):
                self.faults.append(line.strip())

    def move(self):
        """Away, under the next number, and an empty file in its place; the oldest is deleted."""
        if self.path == os.devnull:
            return
        self.moved += 1
        target = "%s.%d" % (self.path, self.moved)
        os.rename(self.name, target)
        self.name = target
        open(self.path, "a").close()
        if self.moved > KEPT_LOGS:
            for old in glob.glob(self.path + ".*"):
                if old != target:
                    os.unlink(old)


def rules_come_and_go(home, there):
    path = os.path.join(home, "extensions", "more.xml")
    if there:
        os.unlink(path)
    else:
        with open(path + ".new", "w") as f:
            f.write(MORE_RULES)
        os.rename(path + ".new", path)
    return not there


def slope(samples, value):
    """Of the line through what is warm, by least squares: bytes in a minute. `value` of a sample."""
    x, y = [s[0] / 60 for s in samples], [value(s) for s in samples]
    mx, my = statistics.mean(x), statistics.mean(y)
    return sum((a - mx) * (b - my) for a, b in zip(x, y)) / (sum((a - mx) ** 2 for a in x) or 1)


class Verdict:
    def __init__(self, args):
        self.counts, self.other = {True: 0, False: 0}, args.name.startswith("other")

    def memory(self, name, ok, detail):
        """Of another profiler it is measured, not judged."""
        if self.other:
            print("note %s: %s" % (name, detail))
        else:
            self.check(name, ok, detail)

    def check(self, name, ok, detail):
        self.counts[bool(ok)] += 1
        print("%s %s: %s" % ("PASS" if ok else "FAIL", name, detail))


def soak(args):
    port = free_port()
    shutil.rmtree(os.path.join(args.out, "logs"), ignore_errors=True)
    app = Application(args, port)
    if not app.ready.wait(60):
        raise SystemExit("the application did not start; see %s" % app.errors.name)
    seconds = round(args.minutes * 60)
    load = subprocess.Popen(["wrk", "-t1", "-c%d" % CONNECTIONS, "-d%ds" % seconds, "--timeout", "30s", "-s", args.load, "http://127.0.0.1:%d/" % port],
                            env=dict(os.environ, SOAK_PAUSE_MS=str(args.pause)), stdout=subprocess.PIPE, text=True)
    log, samples, start, more = Log(os.path.join(args.out, "logs")), [], time.monotonic(), False
    while load.poll() is None and app.process.poll() is None:
        time.sleep(max(0.05, start + len(samples) + 1 - time.monotonic()))
        log.read()
        whole, code = app.memory() if app.process.poll() is None else (0, 0)
        managed = app.counters[7] if len(app.counters) > 7 else 0
        samples.append([round(time.monotonic() - start, 1), whole, log.held, code, managed, *app.held()])
        if len(samples) % ROTATE_EVERY == 0:
            log.move()
        if len(samples) % RULES_EVERY == 0 and "rules" not in args.without:
            more = rules_come_and_go(args.home, more)
    alive = app.process.poll() is None
    if not alive and load.poll() is None:
        load.terminate()
    answer = load.communicate()[0]
    code = app.end()
    log.read()
    return judge(args, app, log, [s for s in samples if s[1]], answer, alive, code)


def judge(args, app, log, samples, answer, alive, code):
    v = Verdict(args)
    answers = re.search(r"soak answers (\d+) (\d+)", answer)
    good, wrong = (int(n) for n in answers.groups()) if answers else (0, 0)
    broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", answer)
    lost = sum(int(n) for n in broken.groups()) if broken else 0
    second, refreshes, profiles, names, starts, finishes, refused, _ = app.counters or [0] * 8
    does = lambda what: "profiler" not in args.without and what not in args.without
    v.check("no crash", alive and code == 0, "the application %s, its exit code is %d" % ("ran to the end" if alive else "ended before its time", code))
    v.check("every request answered", good > 0 and wrong + lost == 0, "%d right, %d wrong, %d lost" % (good, wrong, lost))
    if does("refresh"):
        v.check("refreshes", refreshes >= 0.5 * args.minutes * 60 and not app.bad, "%d in %d s, %d calls refused%s" % (
            refreshes, second, refused, "".join("; " + b for b in app.bad[:3])))
    if does("profiles"):
        v.check("thread profiles", profiles > 0, "%d, %d names of methods" % (profiles, names))
    if does("profiler"):
        v.check("instrumented calls", starts > 0 and abs(starts - finishes) <= CONNECTIONS * 8, "%d starts, %d finishes" % (starts, finishes))
        v.check("the log after it was moved", log.moved == 0 or log.after_move > 0 or not does("refresh") or v.other,
                "moved %d times, %d refreshes logged since the first" % (log.moved, log.after_move))
        v.check("no error in the log", not log.faults, "%d lines at WARN or ERROR%s" % (len(log.faults), "".join("; " + f for f in log.faults[:3])))
    warm_from = min(120, args.minutes * 20)
    warm = [s for s in samples if s[0] >= warm_from]
    if len(warm) < 20:
        v.check("memory", False, "only %d samples" % len(warm))
        return v
    figures = memory(v, warm, does)
    figures.update({"minutes": round(samples[-1][0] / 60, 1), "requests": good, "requests.unanswered": wrong + lost, "refreshes": refreshes,
                    "profiles": profiles, "names": names, "rotations": log.moved, "calls": starts})
    for name, value in figures.items():
        print("figure %s.%s %s" % ("soak.control." + args.name if args.name else "soak", name, value))
    curve = {"warm_from": warm_from, "note": "%d refreshes, %d thread profiles" % (refreshes, profiles), "samples": samples}
    with open(os.path.join(args.out, "curve.json"), "w") as f:
        json.dump(curve, f)
    if args.draw:
        with open(args.draw, "w", encoding="utf-8") as f:
            f.write(plot.draw(curve))
    return v


def memory(v, warm, does):
    """Judges the curves; their figures."""
    figures, quarter = {}, len(warm) // 4
    ends = lambda values: (round(statistics.median(values[:quarter])), round(statistics.median(values[-quarter:])))
    if does("refresh"):
        logged = [s[2] for s in warm if s[2] is not None]
        before, after = ends(logged) if len(logged) > 2 * quarter else (0, 0)
        v.memory("memory of the library", 0 < after <= before + LIBRARY_BOUND, "%d bytes when warm, %d at the end (bound: %d more)" % (
            before, after, LIBRARY_BOUND))
        most = (max(logged[:quarter]), max(logged[-quarter:])) if before else (0, 0)
        figures.update({"library.median.warm": before, "library.median.end": after, "library.warm": most[0], "library.end": most[1]})
    if does("profiler"):
        before, after = ends([s[5] for s in warm])
        v.memory("its part of the C heap", 0 < after <= before + LIBRARY_BOUND, "%d bytes when warm, %d at the end (bound: %d more)" % (
            before, after, LIBRARY_BOUND))
        figures.update({"heap.warm": before, "heap.end": after, "heap.trend": round(slope(warm, lambda s: s[5]))})
    parts = {"trend": lambda s: s[1], "code": lambda s: s[3], "managed": lambda s: s[4], "heap": lambda s: s[6],
             "rest": lambda s: s[1] - s[3] - s[4] - s[6]}
    grown = {name: slope(warm, value) for name, value in parts.items()}
    v.memory("memory of the process", grown["rest"] <= REST_BOUND,
            "%.1f MiB when warm, %.1f MiB at the end, trend %+.2f MiB a minute; of this the runtime's code %+.2f, the managed heap %+.2f, other libraries in "
            "the C heap %+.2f, the rest %+.2f (bound: %.2f)" % ((warm[0][1] / 2**20, warm[-1][1] / 2**20) + tuple(
                grown[n] / 2**20 for n in ("trend", "code", "managed", "heap", "rest")) + (REST_BOUND / 2**20,)))
    figures.update({"process.warm": warm[0][1], "process.end": warm[-1][1]})
    figures.update({"process." + name: round(value) for name, value in grown.items()})
    return figures


def main():
    p = argparse.ArgumentParser()
    for name in ("app", "profiler", "home", "out", "load", "heap"):
        p.add_argument("--" + name, required=True)
    p.add_argument("--minutes", type=float, default=10)
    p.add_argument("--pause", type=int, default=25)
    p.add_argument("--without", type=lambda names: [n for n in names.split(",") if n], default=[])
    p.add_argument("--name", default="", help="of a control run: its figures have it")
    p.add_argument("--draw")
    args = p.parse_args()
    unknown = set(args.without) - set(CONTROLS)
    if unknown:
        p.error("--without knows %s, not %s" % (", ".join(CONTROLS), ", ".join(sorted(unknown))))
    verdict = soak(args)
    print("%d passed, %d failed, 0 skipped" % (verdict.counts[True], verdict.counts[False]))
    return 1 if verdict.counts[False] else 0


if __name__ == "__main__":
    sys.exit(main())
