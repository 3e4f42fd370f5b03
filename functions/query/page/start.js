// The way in: lines to paste into a terminal, for the very address this page was loaded from.

import { byId, el, fill, setText } from "./dom.js";

/** The page's own address without a file, safe between a shell's single quotes. */
function base() {
  const { origin, pathname } = location;
  return (origin + pathname).replace(/\/[^/]*$/, "").replaceAll("'", "%27");
}

/** Another row on each visit: the same one again within ten minutes would be a duplicate. */
const row = () => 1_000_000 + Math.floor(Math.random() * 9_000_000);

function lines() {
  const ind = row();
  const post = (path, body) => `curl -sS '${base()}/v1/${path}' -H 'content-type: application/json' -d '${JSON.stringify(body)}'`;
  const pin = { index: ind, unique_id: crypto.randomUUID?.() ?? String(ind), title: "Ten gardens", poster_name: "Ann", follower_count: "12k", category: "home-decor" };
  const geo = { ind, country: "Fiji", latitude: -17.7, longitude: 178, timestamp: "2026-11-21T10:30:00" };
  const user = { ind, first_name: "Ann", last_name: "Example", age: 29, date_joined: "2017-03-05T08:15:00" };
  return [
    ["A pin", post("pins", pin)],
    ["Where it was posted", post("geos", geo)],
    ["Who posted it", post("users", user)],
    ["Or many at once, from a checkout", `cargo run --release --package send -- --url '${base()}' --count 5000`],
  ];
}

function copyButton(text) {
  const button = el("button", { type: "button" }, "Copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      setText(button, "Copied");
    } catch {
      // Without permission the line is marked instead, ready for the keyboard.
      getSelection().selectAllChildren(button.nextElementSibling ?? button.parentElement.querySelector("pre"));
      setText(button, "Marked");
    }
    setTimeout(() => setText(button, "Copy"), 2000);
  });
  return button;
}

export class Start {
  constructor() {
    this.details = byId("start");
    this.shown = false;
    const line = ([what, text]) => el("li", {}, el("div", { class: "head" }, el("h3", {}, what), copyButton(text)), el("pre", { tabindex: "0" }, text));
    fill(
      byId("start-lines"),
      el("p", { class: "note" }, "Paste a line into a terminal. A second later it counts here. The same line again within ten minutes counts once."),
      el("ol", { class: "lines" }, lines().map(line)),
    );
  }

  /** Opens by itself on an empty page, once; whoever closes it has closed it. */
  whenEmpty(empty) {
    setText(byId("start-title"), empty ? "Nothing here yet: post something" : "Post something");
    if (!empty || this.shown) return;
    this.shown = true;
    this.details.open = true;
  }
}
