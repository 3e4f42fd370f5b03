// Elements from text. The only place that makes elements, and it takes text for what it is: a name that somebody posted
// never becomes markup. There is no way through here to set HTML.

/** An element with attributes and children; a child that is no element becomes text. */
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== null));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** Sets text where it differs, so that nothing is drawn or spoken again for nothing. Says whether it did. */
export function setText(element, text) {
  const wanted = String(text);
  if (element.textContent === wanted) return false;
  element.textContent = wanted;
  return true;
}

/** Shows these children and no others. */
export const fill = (element, ...children) => element.replaceChildren(...children.flat().filter(Boolean));

const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** Points at a number that moved, for those who have nothing against motion. */
export function flash(element) {
  if (calm.matches || !element.animate || document.hidden) return;
  const colour = getComputedStyle(document.documentElement).getPropertyValue("--flash").trim();
  element.animate([{ backgroundColor: colour }, { backgroundColor: "transparent" }], { duration: 1200, easing: "ease-out" });
}

/** What a panel says when it has nothing to show. */
export const message = (...text) => el("p", { class: "message" }, ...text);

/** A link whose answer is a file. */
export const csvLink = (href, what) =>
  el("a", { href, class: "csv", download: true }, "CSV", el("span", { class: "hidden" }, ` of ${what}`));
