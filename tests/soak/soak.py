#!/usr/bin/env python3
"""The soak test (see run.sh): starts the application and the load, disturbs both, takes a sample each second, judges.

Two curves: the memory of the process, as the kernel counts it, and the bytes that the library has in use, which it logs after each refresh.
"Warm" is what comes after the first third, two minutes at most: until then the runtime compiles and its heap finds its size."""
import argparse
import glob
import json
import os
import re
import shutil
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
# What may be lost to growth. The library: nothing, but for tables that wait for their last reader. The process: all that the library's
# allocator does not count is in it, the runtime with the code of each version of a method among that.
LIBRARY_BOUND, PROCESS_BOUND = 64 * 1024, 3 * 1024 * 1024  # bytes; between warm and end; in a minute
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
                   DOTNET_GCHeapHardLimit="0x6000000")
        self.errors = open(os.path.join(args.out, "application.err"), "w+")
        self.process = subprocess.Popen(["dotnet", args.app, "serve", str(port)], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.errors, text=True)
        self.counters, self.bad = [], []
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

    def resident(self):
        with open("/proc/%d/statm" % self.process.pid) as f:
            return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

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


class Log:
    """Read through the descriptor that was opened first, as a log shipper does: it follows the file wherever that is moved."""

    def __init__(self, directory):
        self.path = glob.glob(os.path.join(directory, "NewRelic.Profiler.*.log"))[0]
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


def slope(samples, column):
    """Of the line through what is warm, by least squares: bytes in a minute."""
    x, y = [s[0] / 60 for s in samples], [s[column] for s in samples]
    mx, my = statistics.mean(x), statistics.mean(y)
    return sum((a - mx) * (b - my) for a, b in zip(x, y)) / (sum((a - mx) ** 2 for a in x) or 1)


class Verdict:
    def __init__(self):
        self.counts = {True: 0, False: 0}

    def check(self, name, ok, detail):
        self.counts[bool(ok)] += 1
        print("%s %s: %s" % ("PASS" if ok else "FAIL", name, detail))


def soak(args):
    port = 18111
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
        samples.append([round(time.monotonic() - start, 1), app.resident() if app.process.poll() is None else 0, log.held])
        if len(samples) % ROTATE_EVERY == 0:
            log.move()
        if len(samples) % RULES_EVERY == 0:
            more = rules_come_and_go(args.home, more)
    alive = app.process.poll() is None
    if not alive and load.poll() is None:
        load.terminate()
    answer = load.communicate()[0]
    code = app.end()
    log.read()
    return judge(args, app, log, [s for s in samples if s[1] and s[2] is not None], answer, alive, code)


def judge(args, app, log, samples, answer, alive, code):
    v = Verdict()
    answers = re.search(r"soak answers (\d+) (\d+)", answer)
    good, wrong = (int(n) for n in answers.groups()) if answers else (0, 0)
    broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", answer)
    lost = sum(int(n) for n in broken.groups()) if broken else 0
    second, refreshes, profiles, names, starts, finishes, refused = app.counters or [0] * 7
    v.check("no crash", alive and code == 0, "the application %s, its exit code is %d" % ("ran to the end" if alive else "ended before its time", code))
    v.check("every request answered", good > 0 and wrong + lost == 0, "%d right, %d wrong, %d lost" % (good, wrong, lost))
    v.check("refreshes", refreshes >= 0.5 * args.minutes * 60 and not app.bad, "%d in %d s, %d calls refused%s" % (
        refreshes, second, refused, "".join("; " + b for b in app.bad[:3])))
    v.check("thread profiles", profiles > 0, "%d, %d names of methods" % (profiles, names))
    v.check("instrumented calls", starts > 0 and abs(starts - finishes) <= CONNECTIONS * 8, "%d starts, %d finishes" % (starts, finishes))
    v.check("the log after it was moved", log.moved == 0 or log.after_move > 0, "moved %d times, %d refreshes logged since the first" % (log.moved, log.after_move))
    v.check("no error in the log", not log.faults, "%d lines at WARN or ERROR%s" % (len(log.faults), "".join("; " + f for f in log.faults[:3])))
    warm_from = min(120, args.minutes * 20)
    warm = [s for s in samples if s[0] >= warm_from]
    if len(warm) < 20:
        v.check("memory", False, "only %d samples" % len(warm))
        return v
    quarter = len(warm) // 4
    before, after = max(s[2] for s in warm[:quarter]), max(s[2] for s in warm[-quarter:])
    v.check("memory of the library", after - before <= LIBRARY_BOUND, "%d bytes when warm, %d at the end (bound: %d more)" % (before, after, LIBRARY_BOUND))
    grown = slope(warm, 1)
    v.check("memory of the process", grown <= PROCESS_BOUND, "%.1f MiB when warm, %.1f MiB at the end, trend %+.2f MiB a minute (bound: %d)" % (
        warm[0][1] / 2**20, warm[-1][1] / 2**20, grown / 2**20, PROCESS_BOUND // 2**20))
    figures = {"minutes": round(samples[-1][0] / 60, 1), "requests": good, "requests.unanswered": wrong + lost, "refreshes": refreshes,
               "profiles": profiles, "names": names, "rotations": log.moved, "calls": starts, "library.warm": before, "library.end": after,
               "process.warm": warm[0][1], "process.end": warm[-1][1], "process.trend": round(grown)}
    for name, value in figures.items():
        print("figure soak.%s %s" % (name, value))
    curve = {"warm_from": warm_from, "note": "%d refreshes, %d thread profiles" % (refreshes, profiles), "samples": samples}
    with open(os.path.join(args.out, "curve.json"), "w") as f:
        json.dump(curve, f)
    if args.draw:
        with open(args.draw, "w", encoding="utf-8") as f:
            f.write(plot.draw(curve))
    return v


def main():
    p = argparse.ArgumentParser()
    for name in ("app", "profiler", "home", "out", "load"):
        p.add_argument("--" + name, required=True)
    p.add_argument("--minutes", type=float, default=10)
    p.add_argument("--pause", type=int, default=25)
    p.add_argument("--draw")
    args = p.parse_args()
    verdict = soak(args)
    print("%d passed, %d failed, 0 skipped" % (verdict.counts[True], verdict.counts[False]))
    return 1 if verdict.counts[False] else 0


if __name__ == "__main__":
    sys.exit(main())
