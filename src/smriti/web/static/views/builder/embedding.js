// Public keys with which web sites show an agent to their visitors.
import { resource } from "../../state/store.js";
import { html, useRef, useState } from "../../vendor/preact.js";
import { Button } from "../../components/button.js";
import { Shown } from "./shown.js";
import { NewKey } from "./new-widget-key.js";
import { WidgetKeyCard } from "./widget-key.js";

/** @import { Resource } from "../../state/store.js" */
/** @import { Agent, WidgetKey } from "../../types.d.ts" */

/** @param {{ agent: Agent }} props */
export function Embedding({ agent }) {
  /** @type {Resource<WidgetKey[]>} */
  const keys = resource(`/agents/${encodeURIComponent(agent.agent_id)}/api-keys`);
  return html`<section class="stack" aria-labelledby="embedding">
    <div><h2 id="embedding">On your web site</h2>
      <p class="muted">Visitors can talk with it on your pages. It remembers each of them apart, and never touches your machines for them.</p></div>
    <${Shown} of=${keys}>${(/** @type {WidgetKey[]} */ all) => html`<${Keys} agent=${agent} keys=${all} />`}<//>
  </section>`;
}

/** @param {{ agent: Agent, keys: WidgetKey[] }} props */
function Keys({ agent, keys }) {
  const [adding, setAdding] = useState(false);
  const foot = useRef(/** @type {HTMLElement | null} */ (null));
  const close = () => {
    setAdding(false);
    requestAnimationFrame(() => foot.current?.querySelector("button")?.focus());
  };
  return html`<div class="stack">
    ${keys.map((key) => html`<${WidgetKeyCard} key=${key.key_id} widgetKey=${key} onGone=${close} />`)}
    ${adding ? html`<${NewKey} agent=${agent} onClose=${close} />`
      : html`<div ref=${foot}><${Button} icon="plus" onClick=${() => setAdding(true)}>Make a key for a site<//></div>`}
  </div>`;
}
