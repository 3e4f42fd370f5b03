// The program under test, started on a free port with a folder of its own, and the ways to talk to it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const PROGRAM = process.env.PINPULSE;

/** How long anything may take that has no bound of its own: the machine may be busy. */
export const PATIENCE_MS = 120_000;

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Asks until the answer is a true one, and gives it. */
export async function until(what, ask, patience = PATIENCE_MS) {
  const since = Date.now();
  for (;;) {
    const found = await ask();
    if (found) return found;
    if (Date.now() - since > patience) throw new Error(`never: ${what}`);
    await sleep(50);
  }
}

export class Pinpulse {
  static async start({ more = [], folder = null, port = 0 } = {}) {
    const data = folder ?? (await mkdtemp(join(tmpdir(), "pinpulse-page-")));
    const args = ["local", "--port", String(port), "--no-drain", "--parameter", "ArchiveWindowSeconds=1", "--data-dir", data, ...more];
    const child = spawn(PROGRAM, args, { stdio: ["ignore", "pipe", "pipe"] });
    const said = [];
    child.stderr.on("data", (text) => said.push(String(text)));
    const lines = createInterface({ input: child.stdout });
    const url = await new Promise((up, failed) => {
      lines.on("line", (line) => line.startsWith("Pinpulse is up at ") && up(line.split(" ").at(-1)));
      child.once("exit", (code) => failed(new Error(`the program ended with ${code}: ${said.join("")}`)));
    });
    return Object.assign(new Pinpulse(), { child, data, url });
  }

  /** Ends it at once, as a power cut would. */
  async kill() {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, "exit");
    this.child.kill("SIGINT");
    await Promise.race([gone, sleep(20_000).then(() => this.child.kill("SIGKILL"))]);
    await gone;
  }

  async stop() {
    await this.kill();
    await rm(this.data, { recursive: true, force: true });
  }

  async post(path, body) {
    const response = await fetch(this.url + path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  }

  async get(path) {
    const response = await fetch(this.url + path);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  /** Runs a verb of the command against this program; gives what it wrote. Some records refused (3) is no failure. */
  async verb(...args) {
    const child = spawn(PROGRAM, [...args, "--url", this.url], { stdio: ["ignore", "pipe", "pipe"] });
    let out = "";
    let err = "";
    child.stdout.on("data", (text) => (out += text));
    child.stderr.on("data", (text) => (err += text));
    const [code] = await once(child, "exit");
    if (code !== 0 && code !== 3) throw new Error(`${args.join(" ")} ended with ${code}: ${out}${err}`);
    return out;
  }

  /** Calls a function as its schedule would, again while a store is down under chaos. */
  invoke(name, event) {
    return until(`${name} ${JSON.stringify(event)}`, async () => {
      const path = `/2015-03-31/functions/${name}/invocations`;
      const response = await fetch(this.url + path, { method: "POST", body: JSON.stringify(event) });
      const failed = !response.ok || response.headers.has("x-amz-function-error");
      const text = await response.text();
      return failed ? null : JSON.parse(text);
    });
  }

  /** Adds to a number of a live page behind everyone's back. */
  async falsify(pk, sk, slot, more) {
    const facts = JSON.parse(await readFile(join(this.data, "local.json"), "utf8"));
    const body = {
      TableName: facts.tables[0],
      Key: { pk: { S: pk }, sk: { S: sk } },
      UpdateExpression: "ADD #s :n",
      ConditionExpression: "attribute_exists(pk)",
      ExpressionAttributeNames: { "#s": slot },
      ExpressionAttributeValues: { ":n": { N: String(more) } },
    };
    const headers = {
      "content-type": "application/x-amz-json-1.0",
      "x-amz-date": "20260101T000000Z",
      "x-amz-target": "DynamoDB_20120810.UpdateItem",
      authorization: "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0",
    };
    await until("the store takes the false number", async () => {
      const response = await fetch(facts.dynamodb, { method: "POST", headers, body: JSON.stringify(body) });
      const text = await response.text();
      if (response.status >= 400 && text.includes("ConditionalCheckFailed")) throw new Error(`${pk} ${sk}: ${text}`);
      return response.ok;
    });
  }
}
