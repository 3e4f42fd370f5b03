// When nobody looks, when nobody answers, and when the page lies behind a stage.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { alive, counted, launch, open } from "./browser.mjs";
import { whole } from "./posts.mjs";
import { Pinpulse, sleep, until } from "./program.mjs";

let browser;
let local;

before(async () => {
  [browser, local] = await Promise.all([launch(), Pinpulse.start()]);
  await local.post("/v1/posts", whole({ category: "finance" }));
});

after(async () => {
  await browser?.close();
  await local?.stop();
});

/** Counts what a page asks the API for. */
function asked(page) {
  const requests = [];
  page.on("request", (request) => request.url().includes("/v1/") && requests.push(request));
  return requests;
}

test("it asks every two seconds with the tag of what it knows, and is told that nothing changed", async () => {
  const { page, context } = await open(browser, local.url);
  await until("the countries are known", async () => (await counted(page, "Countries", "Fiji")) > 0);
  const answers = [];
  page.on("response", (response) => response.url().includes("by=country") && answers.push(response));
  await until("three answers", () => answers.length >= 3);
  assert.ok(answers.every((answer) => answer.request().headers()["if-none-match"]), "a request without a tag");
  assert.ok(answers.some((answer) => answer.status() === 304), answers.map((answer) => answer.status()).join());
  const [first, second] = answers.map((answer) => answer.request().timing().startTime);
  assert.ok(second - first > 1800, `${second - first} ms apart`);
  await context.close();
});

test("a hidden page asks nothing; seen again it asks at once", async () => {
  const { page, context } = await open(browser, local.url);
  await alive(page);
  const show = (hidden) =>
    page.evaluate((hidden) => {
      Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
  await show(true);
  await sleep(1500);
  const requests = asked(page);
  await sleep(6000);
  assert.deepEqual(requests.map((request) => request.url()), []);
  await show(false);
  await until("it asks again", () => requests.length > 0, 1000);
  await context.close();
});

test("paused by hand it asks nothing either, and says so", async () => {
  const { page, context } = await open(browser, local.url);
  await alive(page);
  await page.getByRole("button", { name: "Pause" }).click();
  await page.locator("#state-text", { hasText: "paused" }).waitFor();
  await sleep(1500);
  const requests = asked(page);
  await sleep(4000);
  assert.equal(requests.length, 0);
  await page.getByRole("button", { name: "Go on" }).click();
  await alive(page);
  await context.close();
});

test("behind a stage every link and every question stays in it", async (test) => {
  const stage = await staged(local.url, "dev");
  test.after(() => {
    stage.server.close();
    stage.server.closeAllConnections();
  });
  const { page, context, complaints } = await open(browser, `${stage.url}/dev`);
  const outside = [];
  page.on("request", (request) => new URL(request.url()).pathname.startsWith("/dev/") || outside.push(request.url()));
  await alive(page);
  assert.equal(page.url(), `${stage.url}/dev/`);
  await until("the ranking is filled", async () => (await counted(page, "Categories", "finance")) > 0);
  const [line] = await page.locator("#start pre").allTextContents();
  assert.ok(line.includes(`${stage.url}/dev/v1/pins`), line);
  assert.deepEqual(outside, []);
  assert.deepEqual(complaints, []);
  await context.close();
});

test("a busy server is asked later, by as much as it says", async () => {
  const { page, context } = await open(browser, local.url);
  await alive(page);
  let asked = 0;
  await page.route("**/v1/rate?*", (route) => {
    asked += 1;
    return route.fulfill({ status: 429, headers: { "retry-after": "7" }, contentType: "application/json", body: "{}" });
  });
  await page.locator("#state-text", { hasText: "stale since" }).waitFor();
  await sleep(5000);
  assert.equal(asked, 1);
  await page.unroute("**/v1/rate?*");
  await page.locator("#state-text", { hasText: "live" }).waitFor();
  await context.close();
});

test("when the server is gone the page says since when, keeps its numbers, and comes back", async () => {
  const { page, context } = await open(browser, local.url);
  await until("the ranking is filled", async () => (await counted(page, "Categories", "finance")) > 0);
  await local.kill();
  const state = page.locator("#state-text", { hasText: /^stale since \d\d:\d\d:\d\d$/ });
  await state.waitFor();
  const said = await state.textContent();
  await sleep(4000);
  assert.equal(await page.locator("#state-text").textContent(), said, "since when does not move while it lasts");
  assert.ok((await counted(page, "Categories", "finance")) > 0);
  const { data, url } = local;
  local = await Pinpulse.start({ folder: data, port: Number(new URL(url).port) });
  assert.equal(local.url, url);
  await page.getByRole("button", { name: "Try now" }).click();
  await alive(page);
  await context.close();
});

/** A server that hands requests to query as an HTTP API with a named stage does: the stage stays in the path. */
async function staged(target, stage) {
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, "http://localhost");
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    const http = { method: request.method, path: url.pathname, protocol: "HTTP/1.1", sourceIp: "127.0.0.1" };
    const event = {
      version: "2.0",
      routeKey: "GET /{proxy+}",
      rawPath: url.pathname,
      rawQueryString: url.search.slice(1),
      headers: { ...headers, "x-forwarded-proto": "http" },
      requestContext: { requestId: "staged", stage, http, time: "21/Nov/2026:12:00:00 +0000", timeEpoch: Date.now() },
      isBase64Encoded: false,
    };
    const invoked = await fetch(`${target}/2015-03-31/functions/query/invocations`, { method: "POST", body: JSON.stringify(event) });
    const answer = await invoked.json();
    response.writeHead(answer.statusCode, { ...answer.headers });
    response.end(Buffer.from(answer.body ?? "", answer.isBase64Encoded ? "base64" : "utf8"));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, url: `http://127.0.0.1:${server.address().port}` };
}
