// The claim itself, seen from outside: under chaos every number still equals its recount, and one that somebody changes by
// hand is found by the next run of the job and named.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open } from "./browser.mjs";
import { Pinpulse, until } from "./program.mjs";

/** Posts of a test run; PINPULSE_POSTS asks for more in a recorded one. */
const POSTS = Number(process.env.PINPULSE_POSTS ?? 600);
const RATE = Number(process.env.PINPULSE_RATE ?? 100);

let browser;
let local;

before(async () => {
  [browser, local] = await Promise.all([launch(), Pinpulse.start({ more: ["--chaos", "11"] })]);
});

after(async () => {
  await browser?.close();
  await local?.stop();
});

const recount = async () => (await local.invoke("history", { job: "reconcile", days: "all" })).reconciliation;

test(`after ${POSTS} posts under chaos the badge says equal; a page changed by hand turns it and is named`, async () => {
  const { page, context } = await open(browser, local.url);
  const badge = page.locator("#now-recount");
  await badge.getByText("Not yet").waitFor();

  await local.verb("send", "--count", String(POSTS), "--rate", String(RATE), "--batch", "30", "--retries", "20", "--poison", "2", "--quiet");
  await until("the tables have everything", () => local.verb("batch").then(() => true, () => false), 600_000);
  const equal = await recount();
  assert.deepEqual(equal.mismatches, []);
  assert.ok(equal.pages.equal > 20, JSON.stringify(equal.pages));
  await badge.getByText("Equal").waitFor();
  console.log(`${equal.pages.compared} pages compared, all equal; ${equal.rows} rows`);

  const day = Object.keys(equal.by_day).sort().at(-1);
  const [pk, sk] = [`category#0#${day}`, "d#pin-1/shardId-000000000000"];
  await local.falsify(pk, sk, "08", 1);
  const wrong = await recount();
  assert.equal(wrong.mismatches[0]?.at, `${pk} ${sk}`);
  await badge.getByText("Mismatched").waitFor();
  const row = page.locator("#recount-body tr.wrong", { hasText: pk });
  await row.waitFor();
  assert.match(await row.textContent(), /08 \(mens-fashion\)/);
  const { live, recount: counted } = wrong.mismatches[0];
  assert.equal(live, counted + 1);
  assert.match(await row.textContent(), new RegExp(`${live.toLocaleString("en-US")}\\D*${counted.toLocaleString("en-US")}`));

  await local.falsify(pk, sk, "08", -1);
  await recount();
  await badge.getByText("Equal").waitFor();
  await context.close();
});
