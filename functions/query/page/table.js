// A table that can be sorted, and shows the first rows of many.
//
// A column is {key, label, number, wide, text(row), node(row), value(row)}: what it shows, as an element where text is
// not enough, and what it sorts by.

import { el, fill } from "./dom.js";
import { count } from "./format.js";

const FIRST_ROWS = 15;

const valueOf = (column, row) => (column.value ? column.value(row) : row[column.key]);

/** Less, equal or greater; what is not there comes last whatever the direction. */
function compare(left, right, sign) {
  const absent = (value) => value === null || value === undefined;
  if (absent(left) || absent(right)) return Number(absent(left)) - Number(absent(right));
  if (typeof left === "number" && typeof right === "number") return sign * (left - right);
  return sign * String(left).localeCompare(String(right), "en");
}

export class Table {
  constructor({ caption, columns, sortable = true, first = FIRST_ROWS, className = "" }) {
    Object.assign(this, { columns, sortable, first, rows: [], sort: null, all: false });
    this.body = el("tbody");
    this.heads = columns.map((column, index) => this.head(column, index));
    this.more = el("button", { type: "button", class: "more-rows", hidden: true, onclick: () => this.showAll() });
    const table = el(
      "table",
      { class: className },
      el("caption", { class: "hidden" }, caption),
      el("thead", {}, el("tr", {}, this.heads)),
      this.body,
    );
    // Wide tables scroll by themselves; a region that scrolls must be reachable by keyboard.
    const scroll = el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }, table);
    this.element = el("div", { class: "table" }, scroll, this.more);
  }

  head(column, index) {
    const label = this.sortable ? el("button", { type: "button", onclick: () => this.sortBy(index) }, column.label) : column.label;
    return el("th", { scope: "col", class: column.number ? "number" : null, "aria-sort": this.sortable ? "none" : null }, label);
  }

  sortBy(index) {
    const descendingFirst = this.columns[index].number ? -1 : 1;
    const again = this.sort?.index === index;
    this.sort = { index, sign: again ? -this.sort.sign : descendingFirst };
    this.heads.forEach((head, at) => {
      const direction = at !== index ? "none" : this.sort.sign > 0 ? "ascending" : "descending";
      head.setAttribute("aria-sort", direction);
    });
    this.draw();
  }

  showAll() {
    this.all = !this.all;
    this.draw();
  }

  update(rows) {
    this.rows = rows;
    this.draw();
  }

  draw() {
    let rows = this.rows;
    if (this.sort) {
      const column = this.columns[this.sort.index];
      rows = [...rows].sort((left, right) => compare(valueOf(column, left), valueOf(column, right), this.sort.sign));
    }
    const hidden = rows.length > this.first;
    this.more.hidden = !hidden;
    this.more.textContent = this.all ? `Show the first ${this.first}` : `Show all ${count(rows.length)}`;
    fill(this.body, (this.all ? rows : rows.slice(0, this.first)).map((row) => this.row(row)));
  }

  row(row) {
    const cells = this.columns.map((column, index) => {
      const shown = column.node ? column.node(row) : el("bdi", {}, column.text ? column.text(row) : (row[column.key] ?? "\u2013"));
      const attributes = { class: column.number ? "number" : column.wide ? "wide" : null };
      return index === 0 ? el("th", { scope: "row", ...attributes }, shown) : el("td", attributes, shown);
    });
    return el("tr", { class: row.wrong ? "wrong" : null }, cells);
  }
}
