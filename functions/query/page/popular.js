// What is popular: four rankings over one window.

import { byId, csvLink, el, fill, flash, message, setText } from "./dom.js";
import { change, count, moment, share } from "./format.js";

const LIMIT = 10;
const EVERY_MS = 2000;

const RANKINGS = [
  { by: "category", title: "Categories", of: "pins", kind: "pin" },
  { by: "profile", title: "Profiles", of: "pins", kind: "pin" },
  { by: "country", title: "Countries", of: "geos", kind: "geo" },
  { by: "age_group", title: "Age groups", of: "users", kind: "user" },
];

const WINDOWS = {
  "1h": "This hour and the one before it.",
  "24h": "The current hour and the 23 before it.",
  "7d": "Today and the six days before it.",
  all: "Every post there ever was.",
};

/** Nothing lies before everything, and pages do not live for two weeks: only the shorter windows can be compared. */
const COMPARED = ["1h", "24h"];

const address = (by, window, more = "") =>
  `v1/popularity?by=${by}&window=${window}&limit=${LIMIT}${COMPARED.includes(window) ? "&compare=previous" : ""}${more}`;

class Ranking {
  constructor({ by, title, of, kind }) {
    Object.assign(this, { by, rows: new Map() });
    this.note = el("p", { class: "note" });
    this.csv = csvLink("", title.toLowerCase());
    this.body = el("tbody");
    this.changeHead = el("th", { scope: "col", class: "number change" }, "Change");
    this.table = el(
      "table",
      { class: `ranking ${kind}` },
      el("caption", { class: "hidden" }, `${title} by number of ${of}`),
      el(
        "thead",
        {},
        el("tr", {}, el("th", { scope: "col" }, title.replace(/ies$/, "y").replace(/s$/, "")), el("th", { scope: "col", class: "number" }, "Count"), el("th", { scope: "col", class: "number" }, "Share"), this.changeHead),
      ),
      this.body,
    );
    this.content = el("div", {}, this.table);
    this.element = el("section", { class: "card", "aria-label": title }, el("div", { class: "head" }, el("h3", {}, title), this.csv), this.content, this.note);
  }

  /** Empties it until the numbers of another window are there. */
  moveTo(window) {
    this.csv.setAttribute("href", address(this.by, window, "&format=csv"));
    this.element.setAttribute("aria-busy", "true");
  }

  take({ body, fresh, problem }) {
    if (problem) {
      setText(this.note, body ? `As of ${moment(body.as_of)}: ${problem}.` : `Not available: ${problem}.`);
      if (!body) fill(this.content);
      return;
    }
    this.element.removeAttribute("aria-busy");
    if (fresh) this.show(body);
    setText(this.note, exactness(body));
  }

  show(body) {
    fill(this.content, body.items.length ? this.table : message("Nothing in this window yet."));
    this.changeHead.title = body.previous ? `against ${moment(body.previous.from)} to ${moment(body.previous.to)}` : "nothing to compare with";
    const largest = body.items[0]?.count ?? 1;
    const before = this.rows;
    this.rows = new Map(body.items.map((item) => [item.key, before.get(item.key) ?? new Row(item.key)]));
    for (const item of body.items) this.rows.get(item.key).show(item, largest);
    fill(this.body, [...this.rows.values()].map((row) => row.element));
  }
}

const exactness = ({ exact, by, cutoff_day: day }) => {
  const history = day ? ` Days before ${day} from the tables.` : "";
  if (exact) return `Exact.${history}`;
  return by === "profile" ? `Counts are true; somebody may be missing.${history}` : `Not exact: posts of older days may be missing.${history}`;
};

/** A line that stays the same element while its numbers move, so that a reader's place and a selection survive. */
class Row {
  constructor(key) {
    this.name = el("bdi", { class: "name", title: key.length > 40 ? key : null }, key);
    this.followers = el("span", { class: "followers" });
    this.bar = el("span", { class: "bar", "aria-hidden": "true" });
    this.count = el("td", { class: "number" });
    this.share = el("td", { class: "number soft" });
    this.change = el("td", { class: "number change" });
    this.element = el("tr", {}, el("th", { scope: "row" }, this.name, this.followers, this.bar), this.count, this.share, this.change);
  }

  show({ count: counted, share: part, delta, followers }, largest) {
    const known = this.count.textContent !== "";
    if (setText(this.count, count(counted)) && known) flash(this.count);
    setText(this.share, share(part));
    setText(this.change, change(delta));
    this.change.dataset.way = Math.sign(delta ?? 0);
    setText(this.followers, typeof followers === "number" ? `${count(followers)} followers` : "");
    this.bar.style.setProperty("--part", `${((counted / largest) * 100).toFixed(2)}%`);
  }
}

/** The four rankings, and the switch between windows. */
export function popular(poller) {
  const rankings = RANKINGS.map((of) => new Ranking(of));
  fill(byId("rankings"), rankings.map((ranking) => ranking.element));
  let window = document.querySelector('input[name="window"]:checked').value;
  const sources = rankings.map((ranking) => poller.add(address(ranking.by, window), EVERY_MS, (answer) => ranking.take(answer)));
  const move = (to) => {
    window = to;
    setText(byId("popular-note"), WINDOWS[window]);
    rankings.forEach((ranking, index) => {
      ranking.moveTo(window);
      sources[index].moveTo(address(ranking.by, window));
    });
    poller.wake();
  };
  byId("windows").addEventListener("change", (event) => move(event.target.value));
  move(window);
  return { isEmpty: () => sources.every(({ body }) => body && body.items.length === 0) };
}
