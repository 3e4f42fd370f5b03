// Posts a minute of the last hour: a line for each kind of stream, and the same as a table.

import { Lines } from "./chart.js";
import { byId, el, fill, setText } from "./dom.js";
import { count, minute } from "./format.js";

// A whole post is one of each, so the lines often lie on each other: each shows through the gaps of the next.
const KINDS = [
  { key: "pin", label: "pins", variable: "--pin", width: 3.5, dash: [] },
  { key: "geo", label: "geos", variable: "--geo", width: 2.5, dash: [9, 9] },
  { key: "user", label: "users", variable: "--user", width: 2.5, dash: [2, 7] },
];

export class Rate {
  constructor() {
    this.body = null;
    this.lines = new Lines(byId("rate-chart"), KINDS, (index) => this.legend(index));
    this.values = KINDS.map(() => el("b", {}, "\u2013"));
    const entry = (kind, index) =>
      el("li", {}, el("span", { class: `swatch ${kind.key}`, "aria-hidden": "true" }), `${kind.label} `, this.values[index]);
    this.at = el("li", { class: "at" });
    fill(byId("rate-legend"), KINDS.map(entry), this.at);
    this.twin = byId("rate-table");
    this.twin.parentElement.addEventListener("toggle", () => this.table());
  }

  take({ body, fresh, problem }) {
    if (problem && !body) setText(byId("rate-note"), `Not available: ${problem}.`);
    if (!fresh) return;
    this.body = body;
    // The last minute is not over; a line that always falls at its end would tell a lie.
    const full = (values) => values.slice(0, -1);
    this.lines.update([full(body.t), ...KINDS.map((kind) => full(body.by_stream[kind.key]))]);
    this.legend(null);
    this.say();
    this.table();
  }

  /** The numbers beside the names: of the minute under the pointer, else of the last full one. */
  legend(index) {
    if (!this.body) return;
    const at = index ?? this.body.t.length - 2;
    KINDS.forEach((kind, place) => setText(this.values[place], count(this.body.by_stream[kind.key][at])));
    setText(this.at, `at ${minute(this.body.t[at] * 1000)}`);
  }

  say() {
    const { t, n, totals } = this.body;
    const full = n.slice(0, -1);
    const highest = full.indexOf(Math.max(...full));
    const summary = `Posts a minute over the last hour: ${count(full.at(-1))} in the last full minute, at most ${count(full[highest])} at ${minute(t[highest] * 1000)}`;
    const chart = byId("rate-chart");
    if (chart.getAttribute("aria-label") !== summary) chart.setAttribute("aria-label", summary);
    const { counted, duplicates, quarantined } = totals;
    setText(
      byId("rate-note"),
      `${count(n.at(-1))} so far in this minute. Since ${minute(totals.from)}: ${count(counted)} counted, ${count(duplicates)} duplicates, ${count(quarantined)} quarantined.`,
    );
  }

  /** The twin, newest first; made only while somebody reads it. */
  table() {
    if (!this.body || !this.twin.parentElement.open) return;
    const { t, n, by_stream: streams } = this.body;
    const head = (text, number) => el("th", { scope: "col", class: number ? "number" : null }, text);
    const row = (_, back) => {
      const at = t.length - 1 - back;
      const label = minute(t[at] * 1000) + (back === 0 ? " so far" : "");
      const cells = [...KINDS.map((kind) => streams[kind.key][at]), n[at]];
      return el("tr", {}, el("th", { scope: "row" }, label), cells.map((cell) => el("td", { class: "number" }, count(cell))));
    };
    fill(
      this.twin,
      el(
        "table",
        { class: "twin-table" },
        el("caption", { class: "hidden" }, "Posts a minute by kind, newest first"),
        el("thead", {}, el("tr", {}, head("Minute"), KINDS.map((kind) => head(kind.label, true)), head("all", true))),
        el("tbody", {}, t.map(row)),
      ),
    );
  }
}
