// Tabs: one in the tab order, arrows and Home and End to go between them.

import { el } from "./dom.js";

/** A list of tabs for one panel. `items` are {id, label}; `choose(id)` is called with the one that is chosen. */
export function tabs(label, items, panel, choose) {
  const list = el("div", { class: "tabs", role: "tablist", "aria-label": label, "aria-orientation": "vertical" });
  const buttons = items.map(({ id, label: text }) =>
    el("button", { type: "button", role: "tab", id: `tab-${id}`, "aria-controls": panel.id, tabindex: "-1", onclick: () => select(id) }, text),
  );

  function select(id, focus = false) {
    items.forEach((item, index) => {
      const chosen = item.id === id;
      buttons[index].setAttribute("aria-selected", String(chosen));
      buttons[index].tabIndex = chosen ? 0 : -1;
      if (chosen && focus) buttons[index].focus();
    });
    panel.setAttribute("aria-labelledby", `tab-${id}`);
    choose(id);
  }

  list.addEventListener("keydown", (event) => {
    const now = buttons.indexOf(document.activeElement);
    const last = buttons.length - 1;
    const to = {
      ArrowDown: now === last ? 0 : now + 1,
      ArrowRight: now === last ? 0 : now + 1,
      ArrowUp: now <= 0 ? last : now - 1,
      ArrowLeft: now <= 0 ? last : now - 1,
      Home: 0,
      End: last,
    }[event.key];
    if (to === undefined || now < 0) return;
    event.preventDefault();
    select(items[to].id, true);
  });
  list.append(...buttons);
  return { list, select };
}
