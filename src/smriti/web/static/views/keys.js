// Keys with which programs of yours call the API: made, shown once, changed, revoked.
import { request, sentence } from "../api.js";
import { Button } from "../components/button.js";
import { confirm } from "../components/dialog.js";
import { Empty } from "../components/empty.js";
import { Menu } from "../components/menu.js";
import { notify } from "../components/notices.js";
import { day, daysBetween, Time } from "../components/time.js";
import { link, routes } from "../router.js";
import { changed, resource } from "../state/store.js";
import { html, useState } from "../vendor/preact.js";
import { Waiting } from "./account/waiting.js";
import { KeyDialog } from "./keys/dialog.js";
import { SCOPE_NAMES, SCOPES } from "./keys/scopes.js";

/** @import { Resource } from "../state/store.js" */
/** @import { ApiKey } from "../types.d.ts" */

export const title = "API keys";

const SOON_DAYS = 7;

export function View() {
  /** @type {Resource<ApiKey[]>} */
  const kept = resource("/api-keys");
  const [open, setOpen] = useState(/** @type {ApiKey | "new" | null} */ (null));
  const keys = kept.data.value;
  const make = () => setOpen("new");
  return html`<div class="page">
    <header><h1>API keys</h1>
      ${keys?.length ? html`<${Button} kind="primary" icon="plus" onClick=${make}>New key<//>` : null}
    </header>
    <p class="muted">A key lets a program call Smriti in your name, as far as you allow. Give each program its own: then one can be revoked alone.</p>
    ${keys ? html`<${List} keys=${keys} make=${make} change=${setOpen} />` : html`<${Waiting} of=${kept} />`}
    <${Others} />
    <${KeyDialog} open=${open} onClose=${() => setOpen(null)} />
  </div>`;
}

/** @param {{ keys: ApiKey[], make: () => void, change: (key: ApiKey) => void }} props */
function List({ keys, make, change }) {
  if (!keys.length) {
    return html`<${Empty} icon="key" title="No keys yet"
      text="For a script, a nightly job or another app that talks to your agents. For example: a report that asks your agent each morning what is open."
      action=${html`<${Button} kind="primary" icon="plus" onClick=${make}>Make a key<//>`} />`;
  }
  return html`<ul class="key-list" aria-label="Your API keys">
    ${keys.toReversed().map((key) => html`<${Row} key=${key.key_id} of=${key} change=${() => change(key)} />`)}
  </ul>`;
}

/** @param {{ of: ApiKey, change: () => void }} props */
function Row({ of, change }) {
  const items = [
    { label: "Change or extend", icon: "edit", run: change },
    { label: "Revoke", icon: "trash", danger: true, run: () => revoke(of).catch(told) },
  ];
  const left = of.expires_at ? daysBetween(new Date(), new Date(of.expires_at)) : Infinity;
  return html`<li class="card key-row">
    <div class="key-head">
      <h2 class="name">${of.name}</h2>
      ${left <= SOON_DAYS && html`<${Button} icon="retry" onClick=${change}>Extend<//>`}
      <${Menu} label=${`Change or revoke ${of.name}`} items=${items} />
    </div>
    <ul class="key-scopes" aria-label="What it may do">
      ${SCOPE_NAMES.filter((scope) => of.scopes.includes(scope)).map((scope) => html`<li key=${scope} class="chip" title=${SCOPES[scope].text}>${SCOPES[scope].label}</li>`)}
    </ul>
    <p class="meta"><span>Ends with <code>…${of.hint}</code></span> · <span>made <${Time} at=${of.created_at} /></span> · <${Used} at=${of.last_used_at} />${left > SOON_DAYS ? ` · ${ending(of.expires_at)}` : ""}</p>
    ${left <= SOON_DAYS && html`<${Expiring} at=${of.expires_at} />`}
  </li>`;
}

/** @param {{ at: string | null }} props */
function Used({ at }) {
  return at ? html`<span>last used <${Time} at=${at} /></span>` : html`<span>never used</span>`;
}

/** @param {string | null} at */
const ending = (at) => (at ? `expires on ${day(new Date(at))}` : "never expires");

/** @param {{ at: string }} props */
function Expiring({ at }) {
  const date = new Date(at);
  if (date <= new Date()) return html`<p class="wrong">Expired on ${day(date)}. Programs that use it are refused.</p>`;
  return html`<p class="key-soon">Expires <${Time} at=${at} />. Extend it before, and nothing stops.</p>`;
}

/** Other keys have other homes. */
function Others() {
  return html`<p class="meta">Keys that connect a machine are ${elsewhere("devices", "on the page of devices")};
    keys of a chat on your website are on the page of its ${elsewhere("agents", "agent")}.</p>`;
}

/** @param {string} name @param {string} words */
const elsewhere = (name, words) => (name in routes ? html`<a href=${link(name)}>${words}</a>` : words);

/** @param {unknown} error */
const told = (error) => notify(sentence(error), { tone: "bad" });

/** @param {ApiKey} key */
async function revoke(key) {
  const sure = await confirm({
    title: `Revoke ${key.name}?`,
    text: "Programs that use this key are refused from now on. It cannot be taken back.",
    action: "Revoke key",
    danger: true,
  });
  if (!sure) return;
  await request(`/api-keys/${key.key_id}`, { method: "DELETE" });
  changed("/api-keys");
  notify("The key is revoked.", { tone: "good" });
}
