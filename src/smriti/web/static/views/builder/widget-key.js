// One public key: the line for the site's pages, a page to try it on, on and off.
import { json, request } from "../../api.js";
import { Button } from "../../components/button.js";
import { Copy } from "../../components/copy.js";
import { confirm } from "../../components/dialog.js";
import { Icon } from "../../icons.js";
import { changed } from "../../state/store.js";
import { html } from "../../vendor/preact.js";

/** @import { WidgetKey } from "../../types.d.ts" */

/** @param {{ widgetKey: WidgetKey, onGone: () => void }} props */
export function WidgetKeyCard({ widgetKey: key, onGone }) {
  const path = `/agents/${encodeURIComponent(key.agent_id)}/api-keys/${encodeURIComponent(key.key_id)}`;
  const line = `<script src="${location.origin}/widget.js" data-api-key="${key.public_key}" async></script>`;
  const turn = async () => {
    await json(path, { method: "PATCH", body: { is_active: !key.is_active } });
    changed("/agents");
  };
  const remove = async () => {
    const isSure = await confirm({ title: "Delete this key?", text: `Pages that use “${key.name}” can no longer show the agent.`, action: "Delete key", danger: true });
    if (!isSure) return;
    await request(path, { method: "DELETE" });
    changed("/agents");
    onGone();
  };
  return html`<article class="card stack" aria-label=${key.name}>
    <header class="builder-key"><h3 class="name">${key.name}</h3>
      <span class=${key.is_active ? "chip good" : "chip"}>${key.is_active ? "On" : "Off"}</span>
      <span class="meta">${used(key)}</span></header>
    <p class="meta">${key.allowed_origins.length ? html`For <span class="name">${key.allowed_origins.join(", ")}</span>.` : "For any site."}
      ${key.allow_anonymous ? " Visitors need no name." : " Visitors sign in with Google."}</p>
    <p>Put this line into the pages of the site:</p>
    <p class="command"><code tabindex="0">${line}</code><${Copy} text=${line} label="Copy the line" /></p>
    <footer class="row">
      <a class="button" href=${`/widget/demo?key=${key.public_key}`} target="_blank" rel="noopener"><${Icon} name="external" /><span>Try it</span></a>
      <${Button} onClick=${turn}>${key.is_active ? "Turn off" : "Turn on"}<//>
      <${Button} kind="danger" icon="trash" onClick=${remove}>Delete key<//>
    </footer>
  </article>`;
}

/** @param {WidgetKey} key */
function used({ request_count: count }) {
  if (!count) return "Not used yet";
  return count === 1 ? "Used once" : `Used ${count.toLocaleString()} times`;
}
