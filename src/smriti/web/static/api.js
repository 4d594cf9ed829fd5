// The only fetch. The session cookie travels by itself; errors carry the sentence of the problem.

/** @param {string} path @param {{method?: string, body?: unknown}} [options] */
export async function request(path, { method = "GET", body } = {}) {
  const response = await fetch(path, {
    method,
    headers: body === undefined ? {} : { "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!response.ok) throw new Error(await explanation(response));
  return response;
}

/** @param {string} path @param {{method?: string, body?: unknown}} [options] */
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
