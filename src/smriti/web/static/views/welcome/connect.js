// A provider that is not connected yet asks for its settings here.
import { SchemaForm, submitTo } from "../../components/form.js";
import { html } from "../../vendor/preact.js";
import { Check } from "../models/check.js";
import { providersChanged } from "../models/connecting.js";

/** @import { Values } from "../../components/form.js" */
/** @import { ProviderListing } from "../../types.d.ts" */

/** @param {{ listing: ProviderListing }} props */
export function Connect({ listing }) {
  const { form, provider_name: name } = listing;
  return html`<section class="card" aria-label=${`Connect ${name}`}><${SchemaForm} schema=${form} submitLabel=${`Connect ${name}`}
    onSubmit=${(/** @type {Values} */ values) => submitTo(form, values)} onDone=${providersChanged}
    extra=${(/** @type {() => Values} */ values) => html`<${Check} listing=${listing} values=${values} />`} /></section>`;
}
