// One provider: whether it is connected, its models, its settings.
import { Button } from "../../components/button.js";
import { SchemaForm, submitTo } from "../../components/form.js";
import { notify } from "../../components/notices.js";
import { Icon } from "../../icons.js";
import { resource } from "../../state/store.js";
import { html, useEffect, useRef, useState } from "../../vendor/preact.js";
import { Check } from "./check.js";
import { ABOUT, providersChanged } from "./connecting.js";
import { Forget } from "./forget.js";

/** @import { Values } from "../../components/form.js" */
/** @import { Resource } from "../../state/store.js" */
/** @import { ModelInfo, ProviderListing } from "../../types.d.ts" */

/** @param {{ listing: ProviderListing }} props */
export function Provider({ listing }) {
  const { provider_name: name, is_configured: isConnected, form } = listing;
  const asksNothing = form.form_inputs.length === 0;
  return html`<article class="card stack" aria-label=${name}>
    <header class="models-head"><h2>${name}</h2>
      <span class=${isConnected ? "chip good" : "chip"}>${isConnected && html`<${Icon} name="check" size=${14} />`}${stateOf(isConnected, asksNothing)}</span></header>
    ${ABOUT[name] && html`<p class="muted">${ABOUT[name]}</p>`}
    ${isConnected && !asksNothing && html`<${Models} name=${name} />`}
    ${!asksNothing && html`<${Settings} listing=${listing} />`}
  </article>`;
}

/** @param {boolean} isConnected @param {boolean} asksNothing */
function stateOf(isConnected, asksNothing) {
  if (asksNothing) return "Always ready";
  return isConnected ? "Connected" : "Not connected";
}

/** @param {{ name: string }} props */
function Models({ name }) {
  /** @type {Resource<ModelInfo[]>} */
  const models = resource(`/llm/models/${encodeURIComponent(name)}`);
  const all = models.data.value;
  if (!all) return null;
  if (!all.length) return html`<p class="problem">It lists no models now. Try “Check” in its settings.</p>`;
  return html`<details class="form-more"><summary><${Icon} name="right" size=${16} /><span>${all.length} ${all.length === 1 ? "model" : "models"}</span></summary>
    <ul class="models-list">${all.map((model) => html`<li key=${model.model_id}>${model.display_name}</li>`)}</ul></details>`;
}

/** @param {{ listing: ProviderListing }} props */
function Settings({ listing }) {
  const { provider_name: name, is_configured: isConnected } = listing;
  const [open, setOpen] = useState(false);
  const root = useRef(/** @type {HTMLElement | null} */ (null));
  const first = useRef(true);
  const focus = () => /** @type {HTMLElement | null | undefined} */ (root.current?.querySelector("input, select, textarea, button"))?.focus();
  useEffect(() => {
    if (!first.current) focus();
    first.current = false;
  }, [open]);
  const close = () => setOpen(false);
  return html`<div ref=${root}>${open ? html`<${Form} listing=${listing} close=${close} />` : html`<footer class="row">
    <${Button} onClick=${() => setOpen(true)}>${isConnected ? "Change the settings" : `Connect ${name}`}<//>
    ${isConnected && html`<${Forget} name=${name} onGone=${focus} />`}</footer>`}</div>`;
}

/** @param {{ listing: ProviderListing, close: () => void }} props */
function Form({ listing, close }) {
  const { provider_name: name, is_configured: isConnected, form } = listing;
  const done = () => {
    providersChanged();
    notify(isConnected ? `The settings of ${name} are saved.` : `${name} is connected. Choose its models in the settings of an agent.`, { tone: "good" });
    close();
  };
  return html`<${SchemaForm} schema=${form} isSaved=${isConnected} submitLabel=${isConnected ? "Save" : `Connect ${name}`}
    onSubmit=${(/** @type {Values} */ values) => submitTo(form, values)} onDone=${done}
    extra=${(/** @type {() => Values} */ values) => html`<${Check} listing=${listing} values=${values} /><${Button} onClick=${close}>Cancel<//>`} />`;
}
