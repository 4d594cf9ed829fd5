// Shows a view as soon as its module is there; until then what was shown before stays.
import { request } from "../api.js";
import { Button } from "../components/button.js";
import { html, useEffect, useErrorBoundary, useRef, useState } from "../vendor/preact.js";

/** @import { Loader, ViewModule } from "../router.js" */

/** @type {Map<Loader, ViewModule>} */
const loaded = new Map();

/** Begin to load it; `Lazy` will find it. @param {Loader | undefined} load */
export function prefetch(load) {
  if (load && !loaded.has(load)) load().then((module) => loaded.set(load, module), () => {});
}

/** @param {{ load: Loader, props?: Record<string, unknown>, onShown?: (module: ViewModule) => void }} props */
export function Lazy({ load, props = {}, onShown }) {
  const { module, failed } = useModule(load);
  const before = useRef(/** @type {any} */ (null));
  useEffect(() => { if (module) onShown?.(module); });
  if (failed) return html`<${Failed} />`;
  if (module) before.current = html`<${Guarded} key=${moduleKey(load)} View=${module.View} props=${props} />`;
  return before.current ?? html`<${Skeleton} />`;
}

/** Lines where text will be; they appear only when it takes a while. */
export function Skeleton({ lines = 3 }) {
  return html`<div class="skeleton" aria-hidden="true">${Array.from({ length: lines }, (_, line) => html`<span key=${line} />`)}</div>`;
}

/** @type {WeakMap<Loader, number>} */
const keys = new WeakMap();
let count = 0;

/** A view whose module is another one begins anew. @param {Loader} load */
function moduleKey(load) {
  if (!keys.has(load)) keys.set(load, ++count);
  return keys.get(load);
}

/** @param {Loader} load */
function useModule(load) {
  const [failed, setFailed] = useState({ load: /** @type {Loader | null} */ (null) });
  const [, draw] = useState(0);
  const module = loaded.get(load);
  useEffect(() => {
    if (module || failed.load === load) return;
    let isGone = false;
    load().then((found) => {
      loaded.set(load, found); // or it has been there since this was drawn
      if (!isGone) draw((times) => times + 1);
    }, () => { if (!isGone) setFailed({ load }); });
    return () => { isGone = true; };
  }, [load, failed]);
  return { module, failed: failed.load === load };
}

/** @param {{ View: any, props: Record<string, unknown> }} props */
function Guarded({ View, props }) {
  const [error, retry] = useErrorBoundary((broken) => reportError(broken));
  if (!error) return html`<${View} ...${props} />`;
  return html`<section class="empty" role="alert">
    <h1>This page has broken</h1>
    <p>It is a mistake of ours. What the server keeps is untouched.</p>
    <${Button} kind="primary" icon="retry" onClick=${retry}>Show it again<//>
  </section>`;
}

/** Browsers do not ask again for a module that did not come: only a new page does. */
function Failed() {
  const [updated, setUpdated] = useState(false);
  useEffect(() => { isUpdated().then(setUpdated, () => {}); }, []);
  const why = updated ? "This page is of the version before." : "The server did not answer.";
  return html`<section class="empty" role="alert">
    <h1>${updated ? "Smriti was updated" : "This page could not be loaded"}</h1>
    <p>${why} Reload it to go on; what you typed is kept.</p>
    <${Button} kind="primary" icon="retry" onClick=${() => location.reload()}>Reload<//>
  </section>`;
}

/** Whether the server has another version of our files than this one. */
async function isUpdated() {
  const version = /\/v\/([^/]+)\//.exec(import.meta.url)?.[1] ?? "";
  const page = await (await request(location.pathname, { headers: { accept: "text/html" } })).text();
  return !page.includes(`v/${version}/`);
}
