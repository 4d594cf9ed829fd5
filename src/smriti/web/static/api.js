// The only fetch. The session cookie travels by itself; errors carry the sentence of the problem.

/**
 * @typedef {object} Options
 * @property {string} [method]
 * @property {unknown} [body]
 * @property {Record<string, string>} [headers]
 * @property {AbortSignal} [signal]
 */

/** The server answered, and said no. `passing`: it may say something else in a moment. */
export class Refused extends Error {
  /** @param {Response} response @param {string} message */
  constructor(response, message) {
    super(message);
    this.passing = [502, 503, 504].includes(response.status) || response.headers.has("retry-after");
  }
}

/** @param {string} path @param {Options} [options] */
export async function request(path, { method = "GET", body, headers = {}, signal } = {}) {
  const typed = body === undefined ? {} : { "content-type": "application/json" };
  const response = await fetch(path, {
    method,
    signal,
    headers: { ...typed, ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!response.ok) throw new Refused(response, await explanation(response));
  return response;
}

/** @param {string} path @param {Options} [options] */
export async function json(path, options) {
  const response = await request(path, options);
  return response.status === 204 ? null : response.json();
}

/** @param {Response} response */
async function explanation(response) {
  if (response.status === 401) {
    return "You are not signed in. Run “smriti login-link” and open the link that it prints.";
  }
  const problem = await response.json().catch(() => ({}));
  const fields = (problem.errors ?? []).map((/** @type {any} */ error) => `${error.loc.at(-1)}: ${error.msg}`);
  const detail = typeof problem.detail === "object" ? problem.detail.message : problem.detail;
  return [detail ?? response.statusText, ...fields].join(" · ");
}
