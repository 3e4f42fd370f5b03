// Posts that cannot be counted: how many for each reason, and the newest of them by place. Never what was in them.

import { byId, csvLink, el, fill, message, setText } from "./dom.js";
import { count, moment, plural, words } from "./format.js";
import { Table } from "./table.js";

const EVERY_MS = 6000;
const LISTED = 100;

const address = (reason, more = "") => `v1/quarantine?limit=${LISTED}${reason ? `&reason=${encodeURIComponent(reason)}` : ""}${more}`;

const COLUMNS = [
  { key: "arrived_at", label: "Arrived", text: (row) => moment(row.arrived_at) },
  { key: "kind", label: "Kind", text: (row) => row.kind ?? "none" },
  { key: "says", label: "Why", wide: true, text: (row) => row.says ?? words(row.reason) },
  { key: "sequence", label: "Place", node: (row) => place(row) },
];

/** A sequence number has 56 digits; its end tells records of a shard apart. */
function place({ shard, sequence, sub }) {
  const whole = `${shard}:${sequence}${sub ? `, part ${sub}` : ""}`;
  return el("span", { title: whole, class: "place" }, `${shard}:\u2026${String(sequence).slice(-8)}`);
}

export function quarantine(poller) {
  const content = byId("quarantine-body");
  const reasons = el("table", { class: "ranking plain" });
  const table = new Table({ caption: "The newest quarantined posts", columns: COLUMNS, first: 10 });
  const choice = el("select", { id: "reason", onchange: () => move() });
  const csv = csvLink(address(""), "the newest quarantined posts");
  const listed = el("div");
  const head = el("div", { class: "head" }, el("h3", {}, "The newest"), el("label", { for: "reason" }, "Reason ", choice), csv);
  let counts = "";

  function move() {
    csv.setAttribute("href", address(choice.value, "&format=csv"));
    source.moveTo(address(choice.value));
    poller.wake();
  }

  function choices(body) {
    if (counts === JSON.stringify(body.counts)) return;
    counts = JSON.stringify(body.counts);
    const chosen = choice.value;
    const codes = Object.keys(body.counts);
    fill(choice, el("option", { value: "" }, "any"), codes.map((code) => el("option", { value: code }, words(code))));
    choice.value = codes.includes(chosen) ? chosen : "";
    fill(reasons, ranked(body.counts));
  }

  const source = poller.add(address(""), EVERY_MS, ({ body, fresh, problem }) => {
    if (problem && !body) return fill(content, message(`Not available: ${problem}.`));
    if (problem) return setText(byId("quarantine-note"), `As of ${moment(body.as_of)}: ${problem}.`);
    if (!fresh) return;
    setText(byId("quarantine-note"), body.version === null ? "" : `${plural(body.total, "post")} in the table, version ${body.version}.`);
    if (body.total === 0) {
      const nothing = body.version === null ? "The tables have not been made yet." : "Nothing: every post could be counted.";
      return fill(content, message(nothing));
    }
    choices(body);
    table.update(body.items);
    fill(listed, body.items.length ? table.element : message("None of this reason among those kept."));
    if (!reasons.isConnected) fill(content, el("div", { class: "halves" }, el("div", {}, el("h3", {}, "By reason"), reasons), el("div", {}, head, listed)));
  });
  return source;
}

function ranked(counts) {
  const rows = Object.entries(counts).sort(([, left], [, right]) => right - left);
  const largest = rows[0]?.[1] ?? 1;
  const row = ([code, times]) => {
    const bar = el("span", { class: "bar", "aria-hidden": "true" });
    bar.style.setProperty("--part", `${((times / largest) * 100).toFixed(2)}%`);
    return el("tr", {}, el("th", { scope: "row" }, el("span", { class: "name" }, words(code)), bar), el("td", { class: "number" }, count(times)));
  };
  const head = el("tr", {}, el("th", { scope: "col" }, "Reason"), el("th", { scope: "col", class: "number" }, "Posts"));
  return [el("caption", { class: "hidden" }, "Quarantined posts by reason"), el("thead", {}, head), el("tbody", {}, rows.map(row))];
}
