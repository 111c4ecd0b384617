"""The plots: a page with bars of all tables (report.html), and the drawings of docs/performance.md."""
import math
import os
import re
import statistics

from show import ORDER, TITLES, number, over, tables

COLOURS = ["#888", "#c60", "#06c", "#0a6", "#93c", "#c03", "#690", "#555"]


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
    parts += drawings(r).values()
    if "process" in r:
        for program, of in r["process"].items():
            parts.append(bars(program + ", instructions of the whole process", [(n, of[n]["total"] / 1e6) for n in ORDER if n in of], "million"))
            more = [(n, over(r, program, n)) for n in ORDER]
            parts.append(bars(program + ", instructions over null (fast start: over bare)", [(n, v[0]) for n, v in more if v], "%"))
    if "startup" in r:
        for program in ("hello", "web"):
            parts.append(bars(program + ", CPU ms", [(n, v["cpu"]) for n, v in r["startup"][program].items()], "ms"))
    if "inside" in r:
        parts.append(bars("web application: time inside the library", [(n, sum(ms for _, ms in v.values())) for n, v in r["inside"].items()], "ms"))
    if "counts" in r:
        parts.append(bars("instructions per JIT callback that no rule is about", [(n, c["callback.Ruled"]) for n, c in r["counts"].items()], ""))
        parts.append(bars("instructions to instrument a method, shape known", [(n, c["again.1"]) for n, c in r["counts"].items()], ""))
    if "growth" in r:
        rules = r["growth"]["rules"]
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


# ---- drawings of docs/performance.md: the same results give the same bytes ---------------------------------------------------------

def svg(width, height, parts):
    return ('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">\n'
            '<rect width="100%%" height="100%%" fill="#fff"/>\n' % (width, height, width, height) + "\n".join(parts) + "\n</svg>\n")


def text(x, y, what, anchor="start", more=""):
    return '<text x="%.1f" y="%.1f" text-anchor="%s"%s>%s</text>' % (x, y, anchor, more, str(what).replace("&", "&amp;").replace("<", "&lt;"))


def groups(title, charts):
    """Bars, one chart below the other: (title, unit, digits, [(name, value)])."""
    left, width, parts, y = 250, 760, [text(12, 20, title, more=' font-weight="bold"')], 34
    for what, unit, digits, rows in charts:
        most = max([v for _, v in rows] + [0]) or 1
        parts.append(text(12, y + 16, what, more=' fill="#555"'))
        y += 24
        for name, value in rows:
            colour = COLOURS[2] if name.startswith("nrprof") else COLOURS[1] if name.startswith("other") else COLOURS[0]
            long = 380 * max(value, 0) / most
            parts += [text(left - 8, y + 12, name, "end"), '<rect x="%d" y="%d" width="%.1f" height="14" fill="%s"/>' % (left, y, long, colour),
                      text(left + long + 6, y + 12, "%s %s" % (number(value, digits), unit))]
            y += 19
        y += 8
    return svg(width, y, parts)


def lines(title, xs, series, unit):
    """Lines over a logarithmic x and y: {name: [(x, y)]}."""
    left, top, wide, high = 110, 40, 420, 240
    values = [y for of in series.values() for _, y in of]
    low, most = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    most = max(most, low + 1)
    first, last = math.log10(xs[0]), math.log10(xs[-1])
    at = lambda x, y: (left + wide * (math.log10(x) - first) / (last - first), top + high - high * (math.log10(y) - low) / (most - low))
    parts = [text(12, 20, title, more=' font-weight="bold"')]
    for power in range(low, most + 1):
        y = at(xs[0], 10 ** power)[1]
        parts += ['<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="#ddd"/>' % (left, y, left + wide, y),
                  text(left - 6, y + 4, number(10 ** power, max(0, -power)) + (" " + unit if power == most else ""), "end")]
    parts += [text(at(x, 10 ** low)[0], top + high + 18, number(x), "middle") for x in xs]
    for i, (name, of) in enumerate(series.items()):
        colour = COLOURS[(i + 2) % len(COLOURS)]
        points = [at(*p) for p in of]
        parts.append('<polyline fill="none" stroke="%s" stroke-width="2" points="%s"/>' % (colour, " ".join("%.1f,%.1f" % p for p in points)))
        parts += ['<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>' % (*p, colour) for p in points]
        parts += ['<rect x="%d" y="%d" width="12" height="12" fill="%s"/>' % (left + wide + 16, top + 18 * i, colour),
                  text(left + wide + 34, top + 18 * i + 11, name)]
    return svg(840, top + high + 34, parts)


def drawings(r):
    """{name of the file: SVG}, as far as there are results."""
    out = {}
    if "process" in r:
        out["start"] = groups("Instructions of a start, more than null (fast start: than bare)", [
            (TITLES[program], "%", 2, [(n, v[0]) for n in ORDER for v in [over(r, program, n)] if v]) for program in TITLES if program in r["process"]])
    if "growth" in r:
        g = r["growth"]
        out["growth"] = lines("Instructions of a callback that no rule is about, and of what grows, by how many there are",
                              [10, 100, 1000, 10000, 100000], {
            "callback, by rules": [(x["rules"], x["callback"]) for x in g["rules"]],
            "callback, by methods": [(row[0], row[1]) for row in g["methods"]],
            "callback, by modules": [(row[0], row[1]) for row in g["modules"]],
            "first callback of an assembly, by methods": [(row[0], row[2]) for row in g["methods"]],
            "load of an assembly, by rules for it": [(row[0], row[1]) for row in g["ruled"]],
            "fast start: a load, by modules with rules": [(row[0], row[3]) for row in g["fast"]]}, "")
    if "calls" in r:
        shown = {n: [(x[0], x[1]) for x in rows] for n, rows in r["calls"].items() if "gen0" not in n}
        out["calls"] = lines("CPU ns of one call of an instrumented method, by threads", [1, 2, 4, 8, 16], shown, "ns")
    if r.get("throughput"):
        of = r["throughput"]
        out["throughput"] = groups("Web application that has run for a while", [
            ("CPU per request", "µs", 1, [(n, statistics.median(v["cpu"])) for n, v in of.items()]),
            ("requests per second", "", 0, [(n, statistics.median(v["requests"])) for n, v in of.items()])])
    if "startup" in r:
        charts = [(TITLES[p] + ", start", "MiB", 1, [(n, v["memory"]) for n, v in r["startup"][p].items()]) for p in ("hello", "web")]
        if r.get("throughput"):
            charts.append(("web application that has run for a while", "MiB", 1, [(n, v["memory"]) for n, v in r["throughput"].items()]))
        out["memory"] = groups("Most memory that the process ever had", charts)
    return out


def draw(r, directory):
    for name, content in drawings(r).items():
        with open(os.path.join(directory, "bench-%s.svg" % name), "w") as f:
            f.write(content)
