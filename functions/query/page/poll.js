// Asking again and again, politely: with the tag of what is known, not while nobody looks, later after each failure.
//
// A source is one address that is asked every so often. What came of it goes to the source's listener as
// {body, fresh, problem, status}: `fresh` says that the body changed, `problem` why there is no new one.

const LONGEST_WAIT_MS = 30_000;
const ABSENT_WAIT_MS = 30_000;
const TIMEOUT_MS = 10_000;

/** Seconds that a Retry-After header asks for, in milliseconds; 0 without one. */
function retryAfter(response) {
  const seconds = Number(response.headers.get("retry-after"));
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 0;
}

export class Source {
  constructor(path, every, listener) {
    Object.assign(this, { path, every, listener, body: null, tag: null, failures: 0, dueAt: 0, okAt: null, asked: 0, busy: false });
  }

  /** Another address from now on; what is known of the old one is dropped. */
  moveTo(path) {
    if (path === this.path) return;
    Object.assign(this, { path, tag: null, body: null, failures: 0, dueAt: 0, busy: false });
    this.asked += 1;
  }

  async ask() {
    this.busy = true;
    const mine = ++this.asked;
    let answer;
    try {
      answer = await this.fetched();
    } catch {
      answer = { problem: "the server does not answer" };
    }
    if (mine !== this.asked) return;
    this.busy = false;
    this.settle(answer);
    this.listener({ body: this.body, fresh: Boolean(answer.fresh), problem: answer.problem, status: answer.status });
  }

  async fetched() {
    const headers = { accept: "application/json" };
    if (this.tag) headers["if-none-match"] = this.tag;
    const response = await fetch(this.path, { headers, cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (response.status === 304) return { status: 304 };
    if (response.ok) {
      const body = await response.json();
      return { status: response.status, fresh: true, body, tag: response.headers.get("etag") };
    }
    const detail = await response.json().then((problem) => problem.detail, () => null);
    return { status: response.status, problem: detail ?? `the server answers ${response.status}`, wait: retryAfter(response) };
  }

  settle({ status, problem, body, tag, fresh, wait = 0 }) {
    const now = Date.now();
    if (fresh) Object.assign(this, { body, tag });
    if (!problem) {
      Object.assign(this, { failures: 0, okAt: now, dueAt: now + this.every });
    } else if (status >= 400 && status < 500 && status !== 429) {
      // Not there, or not understood: asking soon again changes nothing.
      Object.assign(this, { failures: this.failures + 1, dueAt: now + Math.max(this.every, ABSENT_WAIT_MS) });
    } else {
      this.failures += 1;
      const doubled = this.every * 2 ** Math.min(this.failures - 1, 8);
      // Pages that failed together must not come back together.
      const jittered = Math.min(doubled, LONGEST_WAIT_MS) * (0.75 + Math.random() / 2);
      this.dueAt = now + Math.max(jittered, wait);
    }
  }
}

export class Poller {
  constructor(onState) {
    Object.assign(this, { sources: [], paused: false, timer: null, onState });
    document.addEventListener("visibilitychange", () => this.wake());
  }

  add(path, every, listener) {
    const source = new Source(path, every, (answer) => {
      listener(answer);
      this.onState(this.state());
    });
    this.sources.push(source);
    return source;
  }

  /** Stops asking, or goes on. */
  pause(paused) {
    this.paused = paused;
    this.wake();
    this.onState(this.state());
  }

  /** Asks everything that failed now, whatever it waits for. */
  hurry() {
    for (const source of this.sources) if (source.failures > 0) source.dueAt = 0;
    this.wake();
  }

  /** Looks what is due. Nothing is while nobody sees the page. */
  wake() {
    clearTimeout(this.timer);
    if (this.paused || document.hidden) return;
    const now = Date.now();
    for (const source of this.sources) if (!source.busy && source.dueAt <= now) void source.ask();
    const next = Math.min(...this.sources.map((source) => (source.busy ? Infinity : source.dueAt)));
    this.timer = setTimeout(() => this.wake(), Math.min(Math.max(next - Date.now(), 100), 500));
  }

  /** live, paused, starting, or stale since a moment. The first source is the page's pulse. */
  state() {
    const [pulse] = this.sources;
    if (this.paused) return { name: "paused", at: pulse.okAt };
    if (pulse.failures > 0) return { name: "stale", at: pulse.okAt };
    return { name: pulse.okAt ? "live" : "starting", at: pulse.okAt };
  }
}
