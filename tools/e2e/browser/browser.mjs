// A browser and a page in it, with everything that a page may complain of written down.

import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { PATIENCE_MS } from "./program.mjs";

// The packages lie outside the checkout; `run` says where.
const require = createRequire(join(process.env.PACKAGES, "package.json"));
const { chromium } = require("playwright-core");
const AXE = require.resolve("axe-core/axe.min.js");

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM, args: FLAGS });

/** Opens an address; `complaints` fills with console errors, exceptions and breaches of the policy. */
export async function open(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const complaints = [];
  page.on("console", (said) => said.type() === "error" && complaints.push(`${said.text()} ${said.location().url}`));
  page.on("pageerror", (error) => complaints.push(error.stack));
  await page.addInitScript(() => {
    window.breaches = [];
    addEventListener("securitypolicyviolation", (event) => window.breaches.push(`${event.violatedDirective} ${event.blockedURI}`));
  });
  await page.goto(url);
  return { page, context, complaints };
}

/** Waits until the page's pulse has its first answer. */
export const alive = (page) => page.waitForFunction(() => document.body.dataset.state === "live");

/** What an accessibility checker finds that is serious or worse, in words. */
export async function serious(page) {
  await page.evaluate(await readFile(AXE, "utf8"));
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const bad = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  return bad.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`);
}

/** The count that a ranking shows for a key; 0 where it is not listed. */
export const counted = (page, title, key) =>
  page.evaluate(
    ([title, key]) => {
      const rows = [...document.querySelectorAll(`section[aria-label="${title}"] tbody tr`)];
      const row = rows.find((row) => row.querySelector(".name").textContent === key);
      return row ? Number(row.children[1].textContent.replaceAll(",", "")) : 0;
    },
    [title, key],
  );

/** When a ranking came to show a count for a key, by the clock of this machine. The page watches itself: asking it would slow it. */
export const shownAt = (page, title, key, wanted) =>
  page.evaluate(
    ([title, key, wanted]) =>
      new Promise((shown) => {
        const ranking = document.querySelector(`section[aria-label="${title}"]`);
        const look = () => {
          const rows = [...ranking.querySelectorAll("tbody tr")];
          const row = rows.find((row) => row.querySelector(".name").textContent === key);
          if (Number(row?.children[1].textContent.replaceAll(",", "")) >= wanted) shown(Date.now());
        };
        new MutationObserver(look).observe(ranking, { childList: true, characterData: true, subtree: true });
        look();
      }),
    [title, key, wanted],
  );

/** Whether the page is wider than its window. */
export const overflows = (page) => page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
