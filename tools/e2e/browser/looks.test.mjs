// How it looks, and to whom: light and dark, a telephone, twice the size, no motion, a screen reader; and the policy that
// keeps everything foreign out.

import assert from "node:assert/strict";
import { mkdtemp, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { alive, launch, open, overflows, serious } from "./browser.mjs";
import { MARKUP, whole } from "./posts.mjs";
import { Pinpulse, until } from "./program.mjs";

/** A page that is already up, for pictures of an hour that no test can wait for. */
const elsewhere = process.env.PINPULSE_URL;

/** The largest picture that a repository should carry. */
const MAX_PICTURE_BYTES = 300_000;

let browser;
let local;
let url;
let pictures;

before(async () => {
  browser = await launch();
  pictures = process.env.PINPULSE_SCREENSHOTS ?? (await mkdtemp(join(tmpdir(), "pinpulse-pictures-")));
  if (elsewhere) return void (url = elsewhere);
  local = await Pinpulse.start();
  url = local.url;
  await local.verb("send", "--count", "300", "--rate", "100", "--batch", "30", "--quiet");
  // The borrowed dialects keep what cannot be a post.
  const bad = [{ value: { ind: 1, latitude: "north" } }, { value: { ind: 2, latitude: 1, longitude: 500, country: "Fiji" } }];
  await local.post("/topics/0a1b.geo", { records: bad });
  await local.post("/v1/posts", whole({ category: MARKUP, poster: MARKUP }));
  await local.verb("batch");
  await local.invoke("history", { job: "reconcile", days: "all" });
});

after(async () => {
  await browser?.close();
  await local?.stop();
});

/** Waits until every panel has something to show. */
async function filled(page) {
  await alive(page);
  for (const panel of ["#rankings tbody tr", "#answer tbody tr", "#recount-body tbody tr", "#pipeline-body tbody tr", "#quarantine-body tbody tr", "#cost-body tbody tr"])
    await page.locator(panel).first().waitFor();
  // A table that waits for another answer is faint, which is no look to be judged by.
  await page.waitForFunction(() => !document.querySelector("[aria-busy]"));
}

const LOOKS = [
  { name: "page-light", colorScheme: "light", viewport: { width: 1180, height: 1400 } },
  { name: "page-dark", colorScheme: "dark", viewport: { width: 1180, height: 1400 } },
  { name: "page-narrow", colorScheme: "light", viewport: { width: 320, height: 900 } },
  // A window of 640 at twice the size has the room of one of 320.
  { name: "page-twice", colorScheme: "dark", viewport: { width: 320, height: 450 }, deviceScaleFactor: 2, kept: false },
];

for (const { name, kept = true, ...look } of LOOKS) {
  test(`${name}: everything is there, fits, and serves who cannot see it`, async () => {
    const { page, context, complaints } = await open(browser, url, look);
    await filled(page);
    assert.equal(await overflows(page), false, "it scrolls sideways");
    assert.deepEqual(await serious(page), []);
    const [red] = (await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).match(/\d+/);
    assert.equal(Number(red) < 60 ? "dark" : "light", look.colorScheme);
    if (kept) {
      const path = join(pictures, `${name}.png`);
      await page.evaluate(() => scrollTo(0, 0));
      await page.screenshot({ path, scale: "css" });
      assert.ok((await stat(path)).size < MAX_PICTURE_BYTES, path);
    }
    assert.deepEqual(complaints, []);
    await context.close();
  });
}

test("colours follow the system while the page is open, the chart's too", async () => {
  const { page, context } = await open(browser, url, { colorScheme: "light" });
  await filled(page);
  const drawn = () => page.evaluate(() => document.querySelector("#rate-chart canvas").toDataURL());
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const [light, lightChart] = [await ground(), await drawn()];
  await page.emulateMedia({ colorScheme: "dark" });
  await until("the chart is drawn anew", async () => (await drawn()) !== lightChart);
  assert.notEqual(await ground(), light);
  await context.close();
});

test("the policy holds: the page breaks none of it, and nothing foreign runs or loads", async () => {
  const { page, context } = await open(browser, url);
  await filled(page);
  assert.deepEqual(await page.evaluate(() => window.breaches), []);
  await page.evaluate(() => {
    const inline = document.createElement("script");
    inline.textContent = "window.ran = 1";
    document.head.append(inline);
    const image = document.createElement("img");
    image.src = "https://elsewhere.example/x.png";
    document.body.append(image);
    const styled = document.createElement("style");
    styled.textContent = "body { display: none }";
    document.head.append(styled);
  });
  await until("three breaches are told", async () => (await page.evaluate(() => window.breaches.length)) >= 3);
  assert.equal(await page.evaluate(() => window.ran), undefined);
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).display), "block");
  await context.close();
});

test("a screen reader is told at most every ten seconds, and every chart has its table", async () => {
  const { page, context } = await open(browser, url);
  await filled(page);
  await page.evaluate(() => {
    window.spoken = [];
    const watched = new MutationObserver(() => window.spoken.push(Date.now()));
    watched.observe(document.getElementById("spoken"), { childList: true, characterData: true, subtree: true });
  });
  await page.waitForTimeout(11_000);
  assert.ok((await page.evaluate(() => window.spoken.length)) <= 2);
  assert.match(await page.locator("#spoken").textContent(), /posts in the last full minute/);
  assert.match(await page.locator("#rate-chart").getAttribute("aria-label"), /^Posts a minute over the last hour: /);
  await page.locator("#rate summary").click();
  assert.equal(await page.locator("#rate-table tbody tr").count(), 60);
  await context.close();
});
