// The strip at the top: is it live, how much comes in, how far behind, is it right, what does it cost.

import { byId, el, fill, setText } from "./dom.js";
import { ago, clock, count, dollars, moment, span } from "./format.js";
import { verdictOf } from "./trust.js";

/** A screen reader that is told every two seconds tells nothing else. */
const SPEAK_EVERY_MS = 10_000;

export class Status {
  constructor(poller) {
    Object.assign(this, { poller, spokenAt: 0, recount: null, rate: null, rateText: "" });
    this.button = byId("pause");
    this.button.addEventListener("click", () => this.press());
  }

  press() {
    if (this.poller.state().name === "stale") this.poller.hurry();
    else this.poller.pause(!this.poller.paused);
  }

  state({ name, at }) {
    const since = at ? `stale since ${clock(at)}` : "no answer yet";
    const text = { live: "live", paused: "paused", stale: since, starting: "starting" }[name];
    byId("state").dataset.state = name;
    document.body.dataset.state = name;
    const changed = setText(byId("state-text"), text);
    setText(this.button, { paused: "Go on", stale: "Try now" }[name] ?? "Pause");
    this.speak(changed ? `${text}. ${this.rateText}` : `${this.rateText} ${this.recount ?? ""}`, changed);
  }

  speak(text, now) {
    const at = Date.now();
    if (!now && at - this.spokenAt < SPEAK_EVERY_MS) return;
    if (setText(byId("spoken"), text.trim())) this.spokenAt = at;
  }

  takeRate({ body, problem }) {
    if (!body) return setText(byId("now-rate-more"), problem ?? "");
    setText(byId("now-rate"), count(body.n.at(-2)));
    setText(byId("now-rate-more"), `in the last full minute; ${count(body.n.at(-1))} so far in this one`);
    this.rateText = `${count(body.n.at(-2))} posts in the last full minute.`;
  }

  takePipeline({ body, problem }) {
    if (!body) return this.unknown(["lag", "quarantine"], problem);
    const { counted, tables } = body.lag_ms;
    setText(byId("now-lag"), counted === null ? "\u2013" : span(counted));
    setText(byId("now-lag-more"), tables === null ? "of the counts; no tables yet" : `of the counts; tables ${span(tables)}`);
    const { counted: good, duplicates, quarantined } = body.today;
    setText(byId("now-quarantine"), count(quarantined));
    setText(byId("now-quarantine-more"), `of ${count(good + duplicates + quarantined)} posts today`);
    const { version, id } = body.build;
    setText(byId("build"), `Pinpulse ${version}${id ? `, build ${id}` : ""}.`);
  }

  takeRecount({ body, problem }) {
    if (!body) return this.unknown(["recount"], problem);
    const { mark, word } = verdictOf(body.status);
    const badge = byId("now-recount");
    if (badge.dataset.verdict !== body.status) {
      badge.dataset.verdict = body.status;
      fill(badge, el("a", { href: "#recount", class: "badge" }, el("span", { class: "mark", "aria-hidden": "true" }, mark), word));
      this.recount = `Recount: ${word}.`;
    }
    const wrong = body.mismatched ? `${count(body.mismatched)} of ` : "";
    setText(byId("now-recount-more"), body.as_of ? `${wrong}${count(body.compared)} compared, ${ago(body.as_of)}` : "no recount has run");
    byId("now-recount-more").title = body.as_of ? moment(body.as_of) : "";
  }

  takeCost({ body, problem }) {
    if (!body) return this.unknown(["cost"], problem);
    setText(byId("now-cost"), dollars(body.per_million));
    setText(byId("now-cost-more"), body.per_million === null ? "no posts to say it of" : `at prices of ${body.prices_as_of}`);
  }

  unknown(which, problem) {
    for (const name of which) {
      setText(byId(`now-${name}`), "\u2013");
      setText(byId(`now-${name}-more`), "not available");
      byId(`now-${name}-more`).title = problem ?? "";
    }
  }
}
