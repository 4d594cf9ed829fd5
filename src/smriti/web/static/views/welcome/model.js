// The first step: what the agent will think with. The demo is there at once.
import { resource } from "../../state/store.js";
import { html, useId, useRef, useState } from "../../vendor/preact.js";
import { Shown } from "../builder/shown.js";
import { ABOUT, placeOf, praiseOf } from "../models/connecting.js";
import { Connect } from "./connect.js";
import { ModelOf } from "./model-of.js";

/** @import { Resource } from "../../state/store.js" */
/** @import { LocalServer, ProviderListing } from "../../types.d.ts" */
/** @import { Model } from "./welcome.js" */
/** @typedef {{ id: string, title: string, about: string, listing?: ProviderListing, server?: LocalServer }} Choice */

/** @param {{ done: (model: Model) => void }} props */
export function ChooseModel({ done }) {
  /** @type {Resource<ProviderListing[]>} */
  const providers = resource("/settings/providers");
  return html`<p class="muted">An agent needs something to think with. You can change it at any time.</p>
    <${Shown} of=${providers} lines=${6}>${(/** @type {ProviderListing[]} */ all) => html`<${Choices} providers=${all} done=${done} />`}<//>`;
}

/** @param {{ providers: ProviderListing[], done: (model: Model) => void }} props */
function Choices({ providers, done }) {
  /** @type {Resource<LocalServer[]>} */
  const local = resource("/llm/local-servers");
  const choices = choicesOf(providers, local.data.value ?? []);
  const [chosen, choose] = useState(choices[0]?.id ?? "");
  const name = useId();
  const choice = choices.find(({ id }) => id === chosen);
  return html`<div class="stack">
    <div class="welcome-choices" role="radiogroup" aria-label="Models">${choices.map((one) => html`<label key=${one.id} class="welcome-choice">
      <input type="radio" name=${name} checked=${one.id === chosen} onChange=${() => choose(one.id)} />
      <span><b>${one.title}</b> <${State} ...${one} /><span class="hint">${one.about}</span></span>
    </label>`)}</div>
    ${choice && html`<${Details} key=${choice.id} choice=${choice} providers=${providers} done=${done} />`}
  </div>`;
}

/** @param {Choice} props */
function State({ listing, server }) {
  if (server) return html`<span class="chip good">Found ${placeOf(server)}</span>`;
  if (listing && asksNothing(listing)) return html`<span class="chip good">Ready</span>`;
  return listing?.is_configured ? html`<span class="chip good">Connected</span>` : null;
}

/** What is left to say about the choice. @param {{ choice: Choice, providers: ProviderListing[], done: (model: Model) => void }} props */
function Details({ choice: { server, listing }, providers, done }) {
  const wasAsked = useRef(listing?.is_configured === false);
  if (listing && !listing.is_configured) return html`<${Connect} listing=${listing} />`;
  return html`<${ModelOf} server=${server} listing=${listing} providers=${providers} done=${done} isNext=${wasAsked.current} />`;
}

/** The demo first, then what runs on this machine, then the others. @param {ProviderListing[]} providers @param {LocalServer[]} local @returns {Choice[]} */
function choicesOf(providers, local) {
  const listed = providers.map((listing) => ({ id: listing.provider_name, title: listing.provider_name, about: ABOUT[listing.provider_name] ?? "", listing }));
  const found = local.filter(({ models }) => models.length).map((server) => (
    { id: server.base_url, title: server.name, about: `Your own models. ${praiseOf(server)}`, server }));
  return [...listed.filter(({ listing }) => asksNothing(listing)), ...found, ...listed.filter(({ listing }) => !asksNothing(listing))];
}

/** @param {ProviderListing} listing */
const asksNothing = ({ form }) => form.form_inputs.length === 0;
