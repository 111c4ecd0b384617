"""What bench.py shows of its results: the tables, the page with plots, and the tables of docs/performance.md."""
import math
import re
import statistics
import sys


def note(text):
    print(text, file=sys.stderr, flush=True)


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(str(c) for c in row) + " |" for row in rows])


def number(v, digits=0):
    return "–" if v is None else "{:,.{d}f}".format(v, d=digits)


def numbers(rows):
    return [[number(v) for v in row] for row in rows]


NULL = "null, reference's mask"

# Rows of the tables of whole processes.
ORDER = ["bare", "null, fast start's mask", "nrprof, fast start", NULL, "nrprof", "nrprof, no rules",
         "nrprof, rules that match nothing", "nrprof, direct call", "other", "other, no rules", "other, rules that match nothing"]
TITLES = {"hello": "hello world", "libraries": "libraries", "web": "web application"}

# The budgets of whole processes were set as milliseconds of CPU on an idle machine with .NET 10.0.12, on which these starts took so many
# (medians of interleaved runs, pinned to one core). Instructions are to be the same share of those of the base.
IDLE_MS = {"hello": {"bare": 28, NULL: 129}, "web": {"bare": 271, NULL: 2207}}


def base_of(name):
    """What it is compared with: no profiler where precompiled code is kept, else the one that does nothing. None: it is one of these."""
    base = "bare" if "fast" in name or "both" in name else NULL
    return base if name not in ("bare", base) else None


def over(r, program, name):
    """(percent more instructions than its base, base), or None."""
    of = r["process"].get(program, {})
    base = base_of(name)
    if name not in of or not base:
        return None
    share = of[name]["total"] / of[base]["total"] - 1
    return 100 * share, base


def difference(r, program, name, base):
    """CPU milliseconds more than `base`, as of middle(): differences are taken within each round of runs, so that what drifts from
    round to round falls out."""
    of = r["startup"][program]
    if name not in of:
        return None
    return middle(a - b for a, b in zip(of[name]["all"], of[base]["all"]))


def interval(v):
    return "%s (%s … %s)" % tuple(number(x, 1) for x in v) if v else "–"


def middle(values):
    """The median, and the two values between which the true one lies in 95 of 100 cases."""
    found = sorted(values)
    n, k, outside = len(found), 0, 0.5 ** len(found)
    while k < n // 2 and 2 * outside <= 0.05: # sign test: so many differences on one side of the median are chance
        k += 1
        outside += math.comb(n, k) * 0.5 ** n
    k = max(k - 1, 0)
    return statistics.median(found), found[k], found[n - 1 - k]


def budgets(r):
    """What the figures are meant to be, and whether they are."""
    rows = []

    def row(what, limit, unit, measured, digits=0, least=False, other=None):
        if measured is None:
            return
        show = lambda v: "–" if v is None else number(v, digits) + unit
        met = measured >= limit if least else measured <= limit
        rows.append([what, ("at least " if least else "at most ") + show(limit), show(measured), show(other), "yes" if met else "**no**", ""])

    def share_row(what, program, name, milliseconds=None, percent=None):
        """Instructions of a process over those of its base; the budget is given either way."""
        found, other = over(r, program, name), over(r, program, name.replace("nrprof", "other"))
        if found is None:
            return
        idle = IDLE_MS[program][found[1]]
        limit = percent if percent is not None else 100 * milliseconds / idle
        show = lambda v: "–" if v is None else "%s %% (%s ms)" % (number(v, 2), number(v * idle / 100, 1))
        rows.append([what, "at most " + show(limit), show(found[0]), show(other and other[0]), "yes" if found[0] <= limit else "**no**",
                     interval(difference(r, program, name, found[1])) if "startup" in r else ""])

    def library(name):
        return {"counts": r.get("counts", {}).get(name), "times": r.get("times", {}).get(name)}

    ours, other = library("nrprof"), library("other")
    if ours["counts"]:
        callbacks = ("callback.Plain", "callback.Ruled", "callback.Attributed", "callback.Both")
        worst = lambda of: max(of["counts"][k] for k in callbacks if k in of["counts"]) if of["counts"] else None
        row("callback of a method that does not match, instructions", 300, "", worst(ours), other=worst(other))
        row("`JITInlining`, instructions", 10, "", ours["counts"]["inline"], other=other["counts"] and other["counts"]["inline"])
        if other["counts"]:
            least = min(other["counts"]["again.%d" % i] / ours["counts"]["again.%d" % i] for i in range(len(r["shapes"])))
            row("instrumenting, shape known: instructions of the other ÷ own", 8, "", least, 1, least=True)
    if "growth" in r:
        counted = [x["callback"] for x in r["growth"]["rules"]] + [row[3] for row in r["growth"]["ruled"]]
        row("callback: most ÷ fewest instructions, 10 to 100,000 rules", 1.02, "", max(counted) / min(counted), 2)
    if ours["times"]:
        small = [i for i, text in enumerate(r["shapes"]) if "bytes" not in text]
        worst = lambda of: max(of["times"]["again.%d" % i] for i in small) if of["times"] else None
        row("instrumenting, shape known, small methods", 25, " µs", worst(ours), 1, other=worst(other))
        for i, text in enumerate(r["shapes"]):
            if i not in small:
                of = lambda lib: lib["times"] and lib["times"]["again.%d" % i]
                row("the same, %s" % text.split(", ")[-1], 25, " µs", of(ours), 1, other=of(other))
        if "start.shipped" in ours["times"]:
            row("start with all shipped files", 3, " ms", ours["times"]["start.shipped"] / 1000, 2,
                other=other["times"] and other["times"]["start.shipped"] / 1000)
        row("excluded process", 3, " ms", ours["times"]["excluded"] / 1000, 2, other=other["times"] and other["times"]["excluded"] / 1000)
    if "threads" in r:
        rate = {n: x for n, x in r["threads"]}
        row("callbacks of two threads ÷ one", 1.9, "", rate[2] / rate[1], 2, least=True)
    if "process" in r:
        for program, limit in (("hello", 5), ("web", 25)):
            for more in ("", ", no rules", ", rules that match nothing"):
                share_row("%s over *null*%s" % (TITLES[program], more), program, "nrprof" + more, milliseconds=limit)
        share_row("fast start: hello world over *bare*", "hello", "nrprof, fast start", milliseconds=5)
        share_row("fast start: web application over *bare*", "web", "nrprof, fast start", percent=10)
    if "startup" in r:
        for program in ("hello", "web"):
            of = r["startup"][program]
            peak = lambda name: of[name]["memory"] - of[NULL]["memory"] if name in of else None
            row("memory after start (peak of %s over *null*)" % TITLES[program], 3, " MiB", peak("nrprof"), 1, other=peak("other"))
    if "inside" in r:
        inside = lambda name: sum(ms for _, ms in r["inside"][name].values()) if name in r["inside"] else None
        row("web application: time inside the library", 25, " ms", inside("nrprof"), 1, other=inside("other"))
    if "calls" in r and "nrprof, direct call" in r["calls"]:
        direct = r["calls"]["nrprof, direct call"]
        other_calls = r["calls"].get("other")
        row("direct call, one thread", 100, " ns", direct[0][1], other=other_calls and other_calls[0][1])
        row("direct call", 100, " bytes", direct[0][3], other=other_calls and other_calls[0][3])
    return rows


def processes(r):
    """Instructions of whole processes, and where those of the web application are spent."""
    rows = []
    titles = sorted(r["process"]["web"], key=ORDER.index)
    programs = [p for p in TITLES if p in r["process"]]
    for name in titles:
        row = [name]
        for program in programs:
            of, found = r["process"][program][name], over(r, program, name)
            row += [number(of["total"] / 1e6, 2), "*%s* %+.2f %%" % (found[1].split(",")[0], found[0]) if found else "–",
                    "%.3f %%" % (100 * (max(of["all"]) - min(of["all"])) / of["total"])]
        rows.append(row)

    def split(name):
        """Millions of instructions by who executed them."""
        of = r["process"]["web"][name]
        parts = {"libcoreclr.so": 0, "libclrjit.so": 0, "libc.so.6": 0, of["library"]: 0, "others": 0}
        for file, n in of["files"].items():
            parts[file if file in parts else "others"] += n / 1e6
        return list(parts.values())

    null = split(NULL)
    shares = [[name] + [number(round(v - n, 1) + 0.0, 1) for v, n in [*zip(split(name), null), (sum(split(name)), sum(null))]]
              for name in titles if name.startswith(("nrprof", "other")) and "fast" not in name]
    return "\n\n".join([
        table(["million instructions", *(column for p in programs for column in (TITLES[p], "over", "scatter"))], rows),
        table(["web application, million instructions over *null*", "runtime", "JIT compiler", "C library", "profiler library", "all others",
               "together"], shares)])


def tables(r):
    out = {}
    if "machine" in r:
        m = r["machine"]
        out["machine"] = "%s; %s; %d processors; .NET %s." % (m["cpu"], m["system"], m["processors"], m["dotnet"])
        parts = r.get("parts", {})
        if parts:
            out["machine"] += "\n\n" + table(["part", "measured", "load when it began", "of nrprof", "other"],
                                             [[n, v["date"], v["load"], v["commit"], v["other"] or "–"] for n, v in parts.items()])
    found = budgets(r)
    if found:
        out["budgets"] = table(["", "budget", "nrprof", "other", "met", "CPU ms of nrprof more, timed"], found)
    if "counts" in r:
        names = list(r["counts"])
        words = {"start": "start, 1 file", "start.shipped": "start, shipped files", "excluded": "excluded process", "inline": "`JITInlining`",
                 "callback.Plain": "callback, assembly without rules", "callback.Attributed": "the same, it refers to the attributes",
                 "callback.Ruled": "callback, assembly with rules", "callback.Both": "the same, it refers to the attributes",
                 "first.Ruled": "first callback of an assembly with rules, 1,000 methods", "first.Both": "the same, it refers to the attributes",
                 "load.Plain": "module load", "load.Ruled": "module load, 1 method with a rule", "load.Both": "the same, it refers to the attributes",
                 "load.Shapes": "module load, 12 methods with rules", "refresh": "refresh, 1 file",
                 "fast.search.Plain": "fast start: may precompiled code be used? assembly without rules",
                 "fast.search.Ruled": "the same, assembly with rules, but not for the method",
                 "fast.inline.Ruled": "fast start: `JITInlining`, no rule for the method", "fast.inline.wanted": "the same, method with a rule"}
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
            table(["methods in the module", "instructions per callback", "first callback"], numbers(g["methods"])),
            table(["modules", "instructions per callback", "per load"], numbers(g["modules"])),
            table(["rules for assemblies that are not loaded", "instructions per callback", "ns per callback, simulation included",
                   "instructions of the start", "ms", "of a refresh", "ms"],
                  [[number(x["rules"]), number(x["callback"]), number(x["callback_ns"]), number(x["start"]), number(x["start_ms"], 1),
                    number(x["refresh"]), number(x["refresh_ms"], 1)] for x in g["rules"]]),
            table(["rules for the assembly", "instructions of its load", "first callback", "per callback"], numbers(g["ruled"])),
            table(["rules with wildcards, for all assemblies", "instructions of a load", "first callback", "per callback"], numbers(g["wide"])),
            table(["fast start, modules there before", "none has a method with a rule: load of one without, instructions", "of one with 12",
                   "each has one method with a rule: load of one without", "of one with 12"], numbers(g["fast"]))])
    if "threads" in r:
        one = r["threads"][0][1]
        out["threads"] = table(["threads", "callbacks per second", "× one thread"], [[n, number(rate), number(rate / one, 2)] for n, rate in r["threads"]])
    if "process" in r:
        out["process"] = processes(r)
    if "startup" in r:
        s = r["startup"]
        rows = []
        for name in s["hello"]:
            row = [name]
            for program in ("hello", "web"):
                row += [number(s[program][name]["cpu"], 0), number(s[program][name]["cpu"] / s[program]["bare"]["cpu"], 2), number(s[program][name]["memory"], 1)]
            rows.append(row)
        over = [[name, "*null*" if base != "bare" else "*bare*"] + [interval(difference(r, program, name, base)) for program in ("hello", "web")]
                for name in s["hello"] for base in [base_of(name)] if base]
        out["differences"] = table(["", "over", "hello world, CPU ms", "web application, CPU ms"], over)
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
        bare = r["throughput"]["bare"]

        def of_bare(v, key):
            return "%.0f %% (%.0f … %.0f)" % middle(100 * a / b for a, b in zip(v[key], bare[key]))

        out["throughput"] = table(["", "requests per second", "of bare", "CPU µs per request", "of bare", "peak MiB"],
                                  [[n, number(statistics.median(v["requests"])), of_bare(v, "requests"), number(statistics.median(v["cpu"]), 1),
                                    of_bare(v, "cpu"), number(v["memory"])] for n, v in r["throughput"].items()])
    return out


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
