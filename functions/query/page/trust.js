// Live numbers against their recount: what was compared, what was equal, what was not and why.

import { byId, csvLink, el, fill, message, setText } from "./dom.js";
import { ago, count, heading, moment, number, plural, words } from "./format.js";
import { Table } from "./table.js";

const EVERY_MS = 4000;

export const VERDICTS = {
  none: { mark: "\u2013", word: "Not yet", says: "No recount has run yet." },
  ok: { mark: "\u2713", word: "Equal", says: "Every number that was compared is what a recount gives." },
  explained: { mark: "\u2713", word: "Equal, some later", says: "Every number that was compared is what a recount gives. Some could not be compared yet." },
  mismatch: { mark: "\u2717", word: "Mismatched", says: "Some numbers are not what a recount gives." },
};

/** Nobody has to know a word that this page does not. */
export const verdictOf = (status) => VERDICTS[status] ?? { mark: "?", word: words(status), says: "" };

const TALLY_COLUMNS = ["compared", "equal", "mismatched", "in_flight", "expired"];

const tallies = (body) => [
  ...Object.entries(body.by ?? {}).map(([name, tally]) => ({ what: `Pages by ${words(name)}`, ...tally })),
  { what: "Hours: archived against counted", ...body.conservation },
  { what: "Entries of the archive\u2019s chain", ...body.chain_entries },
  { what: "Objects of the archive", ...body.raw_objects },
];

const said = (value) => (typeof value === "number" ? number(value) : (value ?? "nothing"));

export function trust(poller, listener) {
  const content = byId("recount-body");
  const table = new Table({
    caption: "What was compared with a recount",
    sortable: false,
    columns: [{ key: "what", label: "Compared", wide: true }, ...TALLY_COLUMNS.map((key) => ({ key, label: key === "compared" ? "How many" : heading(key), number: true, text: (row) => count(row[key]) }))],
  });
  const mismatches = new Table({
    caption: "Numbers that are not what a recount gives",
    columns: [
      { key: "at", label: "Page", node: (row) => el("bdi", { class: "place" }, row.at) },
      { key: "slot", label: "Slot", text: (row) => (row.counts ? `${row.slot} (${row.counts})` : row.slot) },
      { key: "live", label: "Live", number: true, text: (row) => said(row.live) },
      { key: "recount", label: "Recount", number: true, text: (row) => said(row.recount) },
      { key: "says", label: "What that means", wide: true },
    ],
  });

  function show(body) {
    if (body.status === "none") return fill(content, message("No recount has run yet. One runs every night; on your own machine ", el("code", {}, "pinpulse verify"), " runs one now."));
    const { says } = verdictOf(body.status);
    const wrong = body.mismatches.length > 0;
    if (wrong) mismatches.update(body.mismatches.map((row) => ({ ...row, wrong: true })));
    table.update(tallies(body).map((row) => ({ ...row, wrong: row.mismatched > 0 })));
    fill(
      content,
      el("p", { class: "verdict", "data-verdict": body.status }, el("span", { class: "mark", "aria-hidden": "true" }, verdictOf(body.status).mark), says),
      wrong ? el("div", { class: "head" }, el("h3", {}, plural(body.mismatched, "mismatch", "mismatches")), csvLink("v1/reconciliation?format=csv", "the mismatches")) : null,
      wrong ? mismatches.element : null,
      body.unnamed ? message(`${count(body.unnamed)} more are not named.`) : null,
      table.element,
      el("p", { class: "note" }, explanation(body)),
    );
  }

  return poller.add("v1/reconciliation", EVERY_MS, (answer) => {
    const { body, fresh, problem } = answer;
    listener(answer);
    if (problem && !body) return fill(content, message(`Not available: ${problem}.`));
    if (fresh) show(body);
    setText(byId("recount-note"), body?.as_of ? `As of ${moment(body.as_of)}, ${ago(body.as_of)}; ${days(body.days)}.` : "");
  });
}

const days = (of) => ({ closed: "the days that are over", all: "all days" })[of] ?? `the day ${of}`;

function explanation({ explained, rows, rows_uncounted: uncounted }) {
  const { in_flight: flight = 0, expired = 0 } = explained ?? {};
  return `${count(rows)} rows of the tables were counted again. Not compared: ${count(flight)} still on their way to the tables, ${count(expired)} whose time was over; ${count(uncounted)} rows were not counted live yet.`;
}
