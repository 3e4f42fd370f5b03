// What the posts cost: units, prices, and what is left out.

import { byId, csvLink, el, fill, message, setText } from "./dom.js";
import { count, dollars, moment, words } from "./format.js";
import { Table } from "./table.js";

const EVERY_MS = 15_000;

export function cost(poller, listener) {
  const content = byId("cost-body");
  const table = new Table({
    caption: "Units that were used, and their prices",
    columns: [
      { key: "service", label: "Service" },
      { key: "unit", label: "Unit", text: (row) => words(row.unit) },
      { key: "quantity", label: "How many", number: true, text: (row) => count(row.quantity) },
      { key: "price", label: "Price of one", number: true, text: (row) => dollars(row.price) },
      { key: "cost", label: "Cost", number: true, text: (row) => dollars(row.cost) },
      { key: "says", label: "How it is known", wide: true, text: (row) => (row.says ? `${row.source}: ${row.says}` : row.source) },
    ],
  });
  return poller.add("v1/cost", EVERY_MS, (answer) => {
    const { body, fresh, problem } = answer;
    listener(answer);
    if (problem && !body) return fill(content, message(`Not available: ${problem}.`));
    if (!fresh) return;
    setText(byId("cost-note"), `${moment(body.from)} to ${moment(body.to)}, ${body.region}, prices of ${body.prices_as_of}.`);
    table.update(body.units);
    fill(content, el("div", { class: "head" }, el("h3", {}, `${dollars(body.cost)} for ${count(body.posts)} posts`), csvLink("v1/cost?format=csv", "the units")), table.element, leftOut(body.left_out));
  });
}

const leftOut = (what) => (what?.length ? el("p", { class: "note" }, `Left out: ${what.join("; ")}.`) : null);
