// The only reader of Server-Sent Events: a turn to its end, over as many connections as it takes.
import { Refused, request } from "./api.js";
import { pauseMs } from "./state/pauses.js";
import { online, visible } from "./state/tabs.js";
import { effect } from "./vendor/preact.js";

/**
 * @typedef {{ event_type: string, content: string, turn_id: string, seq: number, [member: string]: any }} StreamEvent
 * @typedef {{ event_type: "CONNECTION", state: "lost" | "back" | "offline", seq?: undefined, turn_id?: undefined }} Connection
 * @typedef {(after: number, signal: AbortSignal) => Promise<Response>} Connect
 */

const SILENCE_MS = 60000; // the server says something every 15 s, if only that it is there
const UNSEEN_MS = 20000; // a hidden tab lets go: all tabs of a browser share six connections
const ENDS = ["STREAM_COMPLETE", "ERROR"];

/**
 * Ask, and yield the events of the answer. Until it is known that the question is stored, it is
 * sent again when the connection breaks: its key keeps it one question.
 * @param {{ path: string, body?: unknown, key: string, events: (turnId: string) => string }} question
 * @param {AbortSignal} signal
 * @returns {AsyncGenerator<StreamEvent | Connection, void>}
 */
export async function* ask({ path, body, key, events }, signal) {
  let turn = "";
  /** @type {Connect} */
  const connect = (after, one) => turn
    ? attach(events(turn), after, one)
    : request(path, { method: "POST", body, key, signal: one });
  for await (const event of toTheEnd(connect, { after: 0, signal, held: () => !turn })) {
    if (event.turn_id && event.event_type !== "LIFECYCLE_NOTIFICATION") turn = event.turn_id;
    yield event;
  }
}

/**
 * Yield the events that come after one, of a turn or of a device's task.
 * @param {string} path @param {{ after?: number, signal: AbortSignal }} options
 * @returns {AsyncGenerator<StreamEvent | Connection, void>}
 */
export function follow(path, { after = 0, signal }) {
  return toTheEnd((last, one) => attach(path, last, one), { after, signal, held: () => false });
}

/**
 * Yield what a stream without numbers and without an end tells, such as that of all devices.
 * @param {string} path @param {{ signal: AbortSignal }} options
 * @returns {AsyncGenerator<StreamEvent | Connection, void>}
 */
export function watch(path, { signal }) {
  return toTheEnd((_, one) => request(path, { signal: one }), { after: 0, signal, held: () => false });
}

/** @param {string} path @param {number} after @param {AbortSignal} signal */
function attach(path, after, signal) {
  return request(`${path}?after=${after}`, { signal });
}

/**
 * `held`: the connection may not be let go, even if nobody looks.
 * @param {Connect} connect @param {{ after: number, signal: AbortSignal, held: () => boolean }} options
 * @returns {AsyncGenerator<StreamEvent | Connection, void>}
 */
async function* toTheEnd(connect, { after, signal, held }) {
  for (let failures = 0; ; failures += 1) {
    const line = new Line(signal, held);
    for await (const event of line.heard(connect, after, failures > 0)) {
      if (event.event_type !== "CONNECTION") [failures, after] = [0, event.seq ?? after];
      yield event;
    }
    if (line.hasEnded) return;
    if (line.isLetGo) {
      await until(() => visible.value, signal);
      failures = -1;
      continue;
    }
    yield cut();
    await rest(pauseMs(failures), signal);
  }
}

/** One connection: cut by its owner, or let go when the tab has been hidden for a while. */
class Line {
  isLetGo = false;
  hasEnded = false;
  #cut = new AbortController();
  #owner;
  #held;

  /** @param {AbortSignal} owner @param {() => boolean} held */
  constructor(owner, held) {
    this.#owner = owner;
    this.#held = held;
  }

  /**
   * @param {Connect} connect @param {number} after @param {boolean} isAgain
   * @returns {AsyncGenerator<StreamEvent | Connection, void>}
   */
  async* heard(connect, after, isAgain) {
    const unwatch = this.#watch();
    try {
      const response = await connect(after, AbortSignal.any([this.#owner, this.#cut.signal]));
      this.hasEnded = response.status === 204;
      if (isAgain) yield { event_type: "CONNECTION", state: "back" };
      for await (const event of events(response)) {
        this.hasEnded = ENDS.includes(event.event_type);
        if (event.seq === undefined || event.seq > after) yield event;
        if (this.hasEnded) return;
      }
    } catch (error) {
      if (isFinal(error, this.#owner)) throw error;
    } finally {
      unwatch();
      this.#cut.abort();
    }
  }

  #watch() {
    let timer = 0;
    const unwatch = effect(() => {
      clearTimeout(timer);
      if (!visible.value) timer = setTimeout(() => this.#letGo(), UNSEEN_MS);
    });
    return () => {
      unwatch();
      clearTimeout(timer);
    };
  }

  #letGo() {
    if (this.#held()) return;
    this.isLetGo = true;
    this.#cut.abort();
  }
}

/** @param {unknown} error @param {AbortSignal} signal */
function isFinal(error, signal) {
  return signal.aborted || (error instanceof Refused && !error.passing);
}

/** @returns {Connection} */
const cut = () => ({ event_type: "CONNECTION", state: online.value ? "lost" : "offline" });

/** Wait; shorter when the network or somebody comes back. @param {number} ms @param {AbortSignal} signal */
function rest(ms, signal) {
  const [wasOnline, wasVisible] = [online.value, visible.value];
  const isBetter = () => (online.value && !wasOnline) || (visible.value && !wasVisible);
  return until(isBetter, signal, ms);
}

/** @param {() => boolean} condition on signals @param {AbortSignal} signal @param {number} [ms] at most */
async function until(condition, signal, ms) {
  const { promise, resolve } = withResolver();
  const timer = ms === undefined ? 0 : setTimeout(resolve, ms);
  signal.addEventListener("abort", resolve, { once: true });
  const unwatch = effect(() => { if (condition()) resolve(); });
  await promise;
  unwatch();
  clearTimeout(timer);
  signal.removeEventListener("abort", resolve);
  signal.throwIfAborted();
}

function withResolver() {
  /** @type {() => void} */
  let resolve = () => {};
  /** @type {Promise<void>} */
  const promise = new Promise((done) => { resolve = done; });
  return { promise, resolve };
}

/** @param {Response} response @returns {AsyncGenerator<StreamEvent, void>} */
async function* events(response) {
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  while (true) {
    const silence = setTimeout(() => reader.cancel(), SILENCE_MS);
    const { value, done } = await reader.read().finally(() => clearTimeout(silence));
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line.startsWith("data: ")) yield JSON.parse(line.slice("data: ".length));
    }
  }
}
