"""The memory curve of a soak run as SVG: the same samples give the same file. By hand: plot.py CURVE.json OUT.svg"""
import json
import sys

WIDTH, PANEL, LEFT, RIGHT, TOP, GAP = 760, 150, 64, 16, 34, 46
MOST_POINTS = 150


def step(span):
    """A round distance between marks, so that there are three to six."""
    size = 10 ** (len(str(int(max(span, 1)))) - 1)
    while span / size < 3:
        size /= 2
    while span / size > 6:
        size *= 2
    return size


def text(x, y, words, anchor="start", weight=""):
    return '<text x="%.0f" y="%.0f" text-anchor="%s"%s>%s</text>' % (x, y, anchor, weight, words)


COLOURS = ("#06c", "#999")


def panel(curves, top, minutes, title, unit, note):
    """Lines of SVG for curves over time; their axis begins at zero. The highest one is the first."""
    highest = max(y for _, y in curves[0])
    mark = step(highest)
    limit = mark * (int(highest / mark) + 1)
    inner = WIDTH - LEFT - RIGHT
    across = lambda x: LEFT + inner * x / minutes
    down = lambda y: top + PANEL * (1 - y / limit)
    out = [text(LEFT, top - 8, title, weight=' font-weight="bold"'), text(WIDTH - RIGHT, top - 8, note, "end")]
    for i in range(round(limit / mark) + 1):
        y = down(i * mark)
        out.append('<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="#ddd"/>' % (LEFT, y, WIDTH - RIGHT, y))
        out.append(text(LEFT - 6, y + 4, "%g%s" % (i * mark, " " + unit if i * mark + mark > limit else ""), "end"))
    minute = max(step(minutes), 0.25)
    for i in range(int(minutes / minute + 0.001) + 1):
        out.append(text(across(i * minute), top + PANEL + 15, "%g" % (i * minute), "middle"))
    for points, colour in zip(curves, COLOURS):
        out.append('<polyline fill="none" stroke="%s" stroke-width="1.5" points="%s"/>' % (
            colour, " ".join("%.1f,%.1f" % (across(x), down(y)) for x, y in points)))
    return out


def thinned(samples, value, scale):
    """At most MOST_POINTS, each the highest of its stretch: a peak is never left out. `value` of a sample; None: there is none."""
    samples = [s for s in samples if value(s) is not None]
    stretch = -(-len(samples) // MOST_POINTS)
    groups = [samples[i:i + stretch] for i in range(0, len(samples), stretch)]
    return [(g[0][0] / 60, max(value(s) for s in g) / scale) for g in groups]


def draw(curve):
    samples, warm = curve["samples"], curve["warm_from"] / 60
    minutes = samples[-1][0] / 60
    second = TOP + PANEL + GAP
    height = second + PANEL + 38
    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="11">' % (
        WIDTH, height, WIDTH, height), '<rect width="100%" height="100%" fill="#fff"/>']
    x = LEFT + (WIDTH - LEFT - RIGHT) * warm / minutes
    out.append('<rect x="%d" y="%d" width="%.1f" height="%d" fill="#f4f4f4"/>' % (LEFT, TOP, x - LEFT, second + PANEL - TOP))
    whole, rest = (thinned(samples, value, 2**20) for value in (lambda s: s[1], lambda s: s[1] - s[3] - s[4] - s[6]))
    out += panel((whole, rest), TOP, minutes, "Memory of the process; grey: without what the runtime holds", "MiB", "grey ground: warming up")
    held = thinned(samples, lambda s: s[2], 2**10)
    if held:
        out += panel((held,), second, minutes, "Bytes that the library has in use", "KiB", curve["note"])
    out.append(text(WIDTH - RIGHT, height - 6, "minutes", "end"))
    return "\n".join(out + ["</svg>", ""])


def main():
    with open(sys.argv[1]) as f:
        curve = json.load(f)
    with open(sys.argv[2], "w", encoding="utf-8") as f:
        f.write(draw(curve))


if __name__ == "__main__":
    main()
