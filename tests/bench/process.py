"""The instructions that whole processes execute on the real CLR, counted under qemu-user by a plugin (count.c).

A profiler costs a few milliseconds of a start; on a machine that others use, too, CPU times of two starts of the same thing
differ by more than that. The instructions are the same to some hundredths of a percent, whatever else the machine does."""
import concurrent.futures
import os
import queue
import re
import shutil
import subprocess
import time

from show import note

LIMIT = 1800 # seconds; a start of the web application takes one or two minutes
ATTEMPTS = 3
PROGRAMS = {"web": ("app", ["web", "ordered"]), "libraries": ("libraries", []), "hello": ("app", ["hello"])}
# What is compiled must not depend on which thread is faster, nor on a clock: see Do in the program. Nor on how often a block of a method
# was entered, which is what the profiles of tiered compilation are about.
ORDERED = {"DOTNET_TieredPGO": "0", "DOTNET_ThreadPool_ForceMaxWorkerThreads": "1", "DOTNET_HillClimbing_Disable": "1"}


def configurations(real):
    """{title: (configuration of bench.Real, its home)}, those that take longest first: they are run two at a time."""
    found = {}
    for name in ("other", "nrprof"):
        if name in real.configurations:
            found[name] = (name, real.full)
            found[name + ", no rules"] = (name + ", no rules", real.empty)
            found[name + ", rules that match nothing"] = (name, real.nothing)
    for name in ("nrprof, direct call", "null, reference's mask", "nrprof, fast start", "null, fast start's mask", "bare"):
        found[name] = (name, real.full)
    return found


def unmatched(files, directory):
    """The files again, with names of methods that exist nowhere: all of it is loaded and looked up, nothing is instrumented."""
    os.makedirs(directory, exist_ok=True)
    written = []
    for file in files:
        with open(file, encoding="utf-8-sig") as f:
            text = re.sub(r'(methodName="[^"]*)"', r'\1_NoSuchMethod"', f.read())
        written.append(os.path.join(directory, os.path.basename(file)))
        with open(written[-1], "w", encoding="utf-8") as f:
            f.write(text)
    return written


def count(args, real, title, configuration, program, core):
    """One run: {file that the code came from: instructions}."""
    out = os.path.join(args.work, "instructions-%d" % core)
    dotnet = os.path.realpath(shutil.which("dotnet"))
    program_file, words = PROGRAMS[program]
    for attempt in range(ATTEMPTS):
        began = time.monotonic()
        p = subprocess.run(["taskset", "-c", str(core), "qemu-x86_64", "-plugin", "%s,out=%s" % (args.count, out), dotnet,
                            getattr(args, program_file), *words], env=dict(real.environment(*configuration), **ORDERED), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           text=True, timeout=LIMIT, cwd=real.current)
        if p.returncode == 0 and "hello" in p.stdout:
            with open(out) as f:
                counted = {file: int(n) for n, file in (line.rstrip("\n").split(" ", 1) for line in f)}
            os.remove(out)
            note("process: %s, %s: %.2f million instructions in %.0f s" % (program, title, sum(counted.values()) / 1e6, time.monotonic() - began))
            return counted
        note("process: %s under %s ended with %d: %s" % (program, title, p.returncode, p.stderr[-500:]))
    raise SystemExit("%s under %s failed %d times in qemu-x86_64" % (program, title, ATTEMPTS))


def process(args, real):
    """{program: {title: {"all": instructions of each run, ascending, "total": the fewest, "files": those of that run, by file, "library": the
    profiler's file}}}. The fewest, because what differs is something more that one of the runs did."""
    wanted = configurations(real)
    cores = queue.Queue()
    for core in sorted(os.sched_getaffinity(0))[:2]:
        cores.put(core)

    def job(title, program):
        core = cores.get()
        try:
            return count(args, real, title, wanted[title], program, core)
        finally:
            cores.put(core)

    result = {}
    with concurrent.futures.ThreadPoolExecutor(cores.qsize()) as pool:
        runs = {(program, title): [pool.submit(job, title, program) for _ in range(args.processes)]
                for program, (file, _) in PROGRAMS.items() if getattr(args, file) for title in wanted}
        for (program, title), futures in runs.items():
            try:
                counted = [f.result() for f in futures]
            except BaseException: # nobody wants to wait for the others
                pool.shutdown(cancel_futures=True)
                raise
            counted.sort(key=lambda files: sum(files.values()))
            totals = [sum(files.values()) for files in counted]
            library = real.configuration(wanted[title][0])[0]
            result.setdefault(program, {})[title] = {"all": totals, "total": totals[0], "files": counted[0],
                                                     "library": os.path.basename(os.path.realpath(library)) if library else None}
    return result
