// The only fetch, but for `early.js`. The session cookie travels by itself; what the server refuses carries its reasons.

const EARLY_MS = 10_000;
const PATIENCE_MS = 200;

/**
 * @typedef {object} Options
 * @property {string} [method]
 * @property {unknown} [body] JSON, or a FormData
 * @property {Record<string, string>} [headers]
 * @property {AbortSignal} [signal]
 * @property {string | null} [key] the Idempotency-Key of a POST; null: none
 * @typedef {{ loc: (string | number)[], msg: string }} FieldError
 * @typedef {{ message: string, limit: number, current: number, tier: string, upgrade_url: string }} PlanLimit
 */

/** The server answered, and said no. `passing`: it may say something else in a moment. */
export class Refused extends Error {
  /** @param {number} status @param {Headers} headers @param {any} problem its document, {} for none */
  constructor(status, headers, problem) {
    const { detail = `The server answered ${status}.`, type = "", errors = [] } = problem;
    super(detail.message ?? detail);
    this.name = "Refused";
    this.status = status;
    this.slug = String(type).replace(/^.*\//, "");
    /** @type {Record<string, any>} */
    this.problem = problem;
    this.detail = this.message;
    /** @type {FieldError[]} */
    this.errors = errors;
    /** @type {PlanLimit | null} */
    this.limit = detail.upgrade_url ? detail : null;
    this.retryAfterS = Number(headers.get("retry-after"));
    this.passing = [502, 503, 504].includes(status) || (headers.has("retry-after") && !this.limit);
  }
}

/** No answer came. */
export class Unreachable extends Error {
  constructor() {
    super("The server does not answer.");
    this.name = "Unreachable";
  }
}

/** @type {() => Promise<boolean>} */
let renew = async () => false;

/** What to do when a sign-in has ended: true when there is a new one, and the call is made again. */
export function onExpired(/** @type {() => Promise<boolean>} */ handler) {
  renew = handler;
}

/** What `early.js` has asked for; what nobody takes at once is forgotten. @type {Map<string, Promise<Response>>} */
const early = /** @type {any} */ (window).early ?? new Map();
setTimeout(() => early.clear(), EARLY_MS);

/** Done when it is answered, or takes so long that one shows what one has. @returns {Promise<unknown>} */
export const answered = () => Promise.race([
  Promise.allSettled(early.values()),
  new Promise((resolve) => { setTimeout(resolve, PATIENCE_MS); }),
]);

/** The answer; `Refused` or `Unreachable` else. @param {string} path @param {Options} [options] */
export async function request(path, options = {}) {
  const call = prepared(options);
  let response = await fetched(path, call);
  if (response.status === 401 && !path.startsWith("/auth/") && (await renew())) response = await fetched(path, call);
  options.signal?.throwIfAborted();
  if (response.ok) return response;
  early.clear(); // as when nobody was signed in
  throw new Refused(response.status, response.headers, await response.json().catch(() => ({})));
}

/** @param {Options} options @returns {RequestInit} the same each time it is sent */
function prepared({ method = "GET", body, headers, signal, key = newKey() }) {
  const all = new Headers(headers);
  if (method === "POST" && key !== null) all.set("idempotency-key", key);
  if (body === undefined || body instanceof FormData) return { method, headers: all, body, signal };
  all.set("content-type", "application/json");
  return { method, headers: all, body: JSON.stringify(body), signal };
}

/** What the answer holds, null for none. @param {string} path @param {Options} [options] @returns {Promise<any>} */
export async function json(path, options) {
  const response = await request(path, options);
  return response.status === 204 ? null : response.json();
}

/**
 * Send a file as a form's field `file`; fetch does not tell how far it is.
 * @param {string} path @param {File} file
 * @param {{ onProgress?: (sent: number, total: number) => void, signal?: AbortSignal, key?: string }} [options]
 * @returns {Promise<any>}
 */
export async function upload(path, file, { onProgress, signal, key = newKey() } = {}) {
  const body = new FormData();
  body.set("file", file);
  const send = () => transferred(path, body, { "idempotency-key": key }, { onProgress, signal });
  let answer = await send();
  if (answer.status === 401 && (await renew())) answer = await send();
  if (answer.status >= 400) throw new Refused(answer.status, answer.headers, answer.content ?? {});
  return answer.content;
}

/** Unlike any other; works without a secure context, too. */
export function newKey() {
  return crypto.getRandomValues(new Uint32Array(4)).join("-");
}

/** What to tell a person: what happened, and what to do. @param {unknown} error @returns {string} */
export function sentence(error) {
  if (error instanceof Unreachable) {
    return navigator.onLine
      ? "The server does not answer. What you typed is kept; try again in a moment."
      : "You are offline. What you typed is kept; try again when you are back.";
  }
  if (!(error instanceof Refused)) return error instanceof Error ? error.message : String(error);
  return refusal(error);
}

/** @param {Refused} error */
function refusal(error) {
  if (error.limit) return `${error.message}${error.retryAfterS ? ` It resets ${moment(error.retryAfterS)}.` : ""}`;
  if (error.slug === "rate-limited") return `That was a lot at once. Go on ${moment(error.retryAfterS)}.`;
  const fields = error.errors.map(({ loc, msg }) => `${loc.at(-1)}: ${msg}`);
  return fields.length ? fields.join(" · ") : error.message;
}

/** @param {number} seconds from now */
function moment(seconds) {
  if (seconds < 90) return `in ${Math.ceil(seconds)} seconds`;
  const then = new Date(Date.now() + seconds * 1000);
  return seconds < 12 * 3600
    ? `at ${then.toLocaleTimeString([], { timeStyle: "short" })}`
    : `on ${then.toLocaleDateString([], { day: "numeric", month: "long" })}`;
}

/** @param {string} path @param {RequestInit} options */
async function fetched(path, options) {
  const asked = options.method === "GET" ? early.get(path) : undefined;
  early.delete(path);
  try {
    return await (asked ?? fetch(path, options));
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Unreachable();
  }
}

/**
 * @param {string} path @param {FormData} body @param {Record<string, string>} headers
 * @param {{ onProgress?: (sent: number, total: number) => void, signal?: AbortSignal }} options
 * @returns {Promise<{ status: number, headers: Headers, content: any }>}
 */
function transferred(path, body, headers, { onProgress, signal }) {
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest();
    call.open("POST", path);
    call.responseType = "json";
    for (const [name, value] of Object.entries(headers)) call.setRequestHeader(name, value);
    call.upload.onprogress = ({ loaded, total }) => onProgress?.(loaded, total);
    call.onload = () => {
      const retryAfter = call.getResponseHeader("retry-after");
      const told = new Headers(retryAfter ? { "retry-after": retryAfter } : {});
      resolve({ status: call.status, headers: told, content: call.response });
    };
    call.onerror = () => reject(new Unreachable());
    call.onabort = () => reject(signal?.reason ?? new DOMException("Aborted", "AbortError"));
    signal?.addEventListener("abort", () => call.abort(), { once: true });
    if (signal?.aborted) return call.onabort(new ProgressEvent("abort"));
    call.send(body);
  });
}
