"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const verdicts = [
    ["identical", "identical"], ["tokens", "token numbering only"], ["different", "different"],
    ["only-a", "only in A"], ["only-b", "only in B"],
  ];
  const label = Object.fromEntries(verdicts);
  const most = 300; // rows at once: a browser is slow with fifty thousand
  const shown = 15; // assemblies, before one asks for more
  const around = 4; // equal lines kept beside a difference
  const $ = (id) => document.getElementById(id);
  const number = (n) => n.toLocaleString("en-US");

  // make("td", "class", child…): a child is a node or text; text is never markup.
  const make = (tag, name, ...children) => {
    const e = document.createElement(tag);
    if (name) e.className = name;
    e.append(...children.filter((c) => c !== undefined && c !== null));
    return e;
  };
  const color = (e, verdict) => { e.style.setProperty("--tile", `var(--${verdict})`); return e; };
  const dot = (verdict) => { const e = make("span", "dot"); e.style.background = `var(--${verdict})`; return e; };

  // ---- theme: the system's until the button is pressed
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const show = (isDark) => { document.documentElement.dataset.theme = isDark ? "dark" : "light"; };
  show(dark.matches);
  dark.addEventListener("change", () => show(dark.matches));
  $("theme").addEventListener("click", () => show(document.documentElement.dataset.theme !== "dark"));

  // ---- summary
  const counts = data.summary;
  const openEvents = data.events.filter((e) => !e.ignored).length;
  const open = data.methods.filter((m) => !m.ignored).length;
  const plural = (n, one, many) => `${number(n)} ${n === 1 ? one : many}`;
  $("verdict").className = data.clean && counts.methods ? "good" : "bad";
  $("verdict").textContent = !counts.methods ? "Nothing was compared: neither recording has a method body"
    : data.clean ? `All ${number(counts.methods)} method bodies are ${data.methods.length + data.events.length ? "identical or ignored on purpose" : "identical"}`
    : [open && plural(open, "method body is not identical", "method bodies are not identical"),
       openEvents && plural(openEvents, "event differs", "events differ")].filter(Boolean).join(", ");
  const tile = (n, text, verdict) => {
    const t = make("div", n ? "tile" : "tile zero", make("b", "", number(n)), make("span", "", text));
    return verdict ? color(t, verdict) : t;
  };
  $("tiles").append(...verdicts.map(([v, text]) => tile(counts[v], text, v)), tile(data.events.length, "event and log differences"));

  const recordings = $("recordings");
  const row = (...cells) => make("tr", "", make("th", "", cells[0]), ...cells.slice(1).map((c) => make("td", "", c)));
  recordings.append(make("tr", "", make("th", "", ""), make("th", "", "A"), make("th", "", "B")), row("recording", data.a.file, data.b.file));
  for (const [key, text] of [["process", "process"], ["profiler", "profiler"]])
    if (data.a[key] || data.b[key]) recordings.append(row(text, data.a[key] || "not said", data.b[key] || "not said"));
  recordings.append(row("lines", number(data.a.lines), number(data.b.lines)), row("method bodies", number(data.a.bodies), number(data.b.bodies)));
  const time = (side) => {
    const t = side.totals;
    if (!t) return "no end: killed, or still running";
    const sum = (t.jit_ms || 0) + (t.rejit_ms || 0) + (t.module_ms || 0);
    return sum ? `${sum.toFixed(1)} ms in callbacks (JIT ${(t.jit_ms || 0).toFixed(1)}, ReJIT ${(t.rejit_ms || 0).toFixed(1)}, modules ${(t.module_ms || 0).toFixed(1)})` : "not measured";
  };
  recordings.append(row("time", time(data.a), time(data.b)));
  $("notes").append(...data.notes.map((n) => make("li", "", n)));

  // ---- assemblies
  const total = (a) => verdicts.reduce((n, [v]) => n + a[v], 0);
  const assemblies = [...data.assemblies].sort((x, y) => (total(y) - y.identical) - (total(x) - x.identical) || total(y) - total(x));
  const assemblyLine = (a) => {
    const bar = make("div", "bar");
    for (const [v, text] of verdicts) {
      if (!a[v]) continue;
      const part = make("i");
      part.style.flex = String(a[v]);
      part.style.background = `var(--${v})`;
      part.title = `${number(a[v])} ${text}`;
      bar.append(part);
    }
    const name = make("span", "name", a.name);
    name.title = a.name;
    return make("div", "assembly", name, bar, make("span", "number", `${number(a.identical)} of ${number(total(a))}`));
  };
  $("assemblies").append(...assemblies.slice(0, shown).map(assemblyLine));
  if (assemblies.length > shown) {
    const button = make("button", "", `${number(assemblies.length - shown)} more`);
    button.type = "button";
    button.addEventListener("click", () => button.replaceWith(...assemblies.slice(shown).map(assemblyLine)));
    $("assemblies").append(button);
  }
  if (!assemblies.length) $("assemblies").append(make("p", "empty", "none"));
  $("legend").append(...verdicts.map(([v, text]) => make("span", "", dot(v), text)));

  // ---- methods
  const all = data.methods.slice();
  for (const a of data.assemblies)
    for (const [token, type, method] of a.names) all.push({ assembly: a.name, token, type, method, verdict: "identical" });
  for (const m of all) m.text = `${m.assembly} ${m.type}.${m.method} ${m.token}`.toLowerCase();
  const wanted = new Set(verdicts.map(([v]) => v));
  if (data.methods.length) wanted.delete("identical");

  const cell = (text, origin, name) => {
    const d = make("div", name, make("span", "text", text === 0 ? "" : text));
    if (origin) d.append(make("span", "origin", origin));
    return d;
  };
  // A row of the data: [text, template?] on both sides, or [a, b, template of a, template of b, are they equal?]; 0: no such line.
  const cells = (r, first) => {
    if (r.length <= 2) return [cell(r[0], r[1], "left"), cell(r[0], r[1], "")];
    if (r[4]) return [cell(r[0], r[2], "left renamed"), cell(r[1], r[3], "renamed")];
    const mark = first ? " first" : "";
    return [cell(r[0], r[2], (r[0] === 0 ? "left" : "left gone") + mark), cell(r[1], r[3], (r[1] === 0 ? "" : "new") + mark)];
  };
  const sides = (rows) => {
    const box = make("div", "sides", make("div", "head left", "A"), make("div", "head", "B"));
    // Where only numbers of tokens differ, these lines are what there is to see.
    const real = rows.some((r) => r.length > 2 && !r[4]);
    const differs = rows.map((r) => r.length > 2 && !(real && r[4]));
    const near = rows.map((_, i) => differs.slice(Math.max(0, i - around), i + around + 1).some(Boolean));
    let first = true;
    for (let i = 0; i < rows.length; i++) {
      let end = i;
      while (end < rows.length && !near[end]) end++;
      if (end - i > 3) {
        const hidden = rows.slice(i, end);
        const button = make("button", "", `${hidden.length} equal lines`);
        button.type = "button";
        const skip = make("div", "skip", button);
        button.addEventListener("click", () => skip.replaceWith(...hidden.flatMap((r) => cells(r, false))));
        box.append(skip);
        i = end - 1;
        continue;
      }
      box.append(...cells(rows[i], differs[i] && first));
      if (differs[i]) first = false;
    }
    return box;
  };
  const entry = (m) => {
    const name = make("span", "full", make("em", "", m.type ? m.type + "." : ""), m.method, m.body ? make("em", "", ` (body ${m.body})`) : null);
    const head = [make("span", "what", label[m.verdict] + (m.ignored ? ", ignored" : "")), name, make("span", "where", `${m.assembly} ${m.token}`)];
    if (m.verdict === "identical") return color(make("div", "method plain", ...head), m.verdict);
    const d = color(make("details", m.ignored ? "method quiet" : "method", make("summary", "", ...head)), m.verdict);
    d.addEventListener("toggle", () => {
      if (!d.open || d.dataset.filled) return;
      d.dataset.filled = "1";
      const why = [m.why, m.ignored && `ignored by ${m.ignored}`].filter(Boolean).join("; ");
      if (why) d.append(make("p", "why", why));
      d.append(m.rows ? sides(m.rows) : make("p", "why", "The code of this method is not in the report; write it with a larger --list."));
    });
    return d;
  };
  const refresh = () => {
    const words = $("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = all.filter((m) => wanted.has(m.verdict) && words.every((w) => m.text.includes(w)));
    $("methods").replaceChildren(...found.slice(0, most).map(entry));
    if (!found.length) $("methods").append(make("p", "empty", all.length ? "no method fits" : "none"));
    if (found.length > most) $("methods").append(make("p", "empty", `${number(found.length - most)} more: filter to see them`));
    $("count").textContent = `${number(found.length)} of ${number(all.length)}`;
    return found;
  };
  for (const [v, text] of verdicts) {
    if (!counts[v]) continue;
    const chip = make("button", "", dot(v), `${text} ${number(counts[v])}`);
    chip.type = "button";
    chip.setAttribute("aria-pressed", String(wanted.has(v)));
    chip.addEventListener("click", () => {
      if (!wanted.delete(v)) wanted.add(v);
      chip.setAttribute("aria-pressed", String(wanted.has(v)));
      refresh();
    });
    $("chips").append(chip);
  }
  $("filter").addEventListener("input", refresh);
  if (refresh().length === 1 || open === 1) $("methods").querySelector("details")?.setAttribute("open", "");

  // ---- events, ignored
  const eventRows = data.events.slice(0, 2000);
  if (eventRows.length) {
    $("events").append(make("tr", "", ...["kind", "where", "A", "B"].map((h) => make("th", "", h))));
    for (const e of eventRows) {
      const kind = make("td", "", e.kind + (e.ignored ? ", ignored" : ""));
      $("events").append(make("tr", e.ignored ? "quiet" : "", kind, make("td", "", e.where || ""),
        make("td", "mono", e.a || "(nothing)"), make("td", "mono", e.b || "(nothing)")));
    }
    if (data.events.length > eventRows.length)
      $("events").after(make("p", "empty", `${number(data.events.length - eventRows.length)} more are in the output of nrprof diff --json`));
  } else {
    $("events").replaceWith(make("p", "empty", "no difference"));
  }
  if (data.ignore.length) {
    $("ignores").append(make("tr", "", make("th", "", "rule"), make("th", "", "differences")),
      ...data.ignore.map((r) => make("tr", "", make("td", "", r.rule), make("td", "", number(r.used)))));
  } else {
    $("ignore-section").remove();
  }
  $("foot").textContent = `nrprof ${data.nrprof}. Function ids were masked in ${number(counts.masked)} bodies: they are addresses, others in every process.`;
  document.title = `nrprof diff: ${$("verdict").textContent}`;
})();
