// The providers of models: which are connected, and how another one is.
import { Button } from "../../components/button.js";
import { notify } from "../../components/notices.js";
import { resource } from "../../state/store.js";
import { html } from "../../vendor/preact.js";
import { Shown } from "../builder/shown.js";
import { addressInUse, connectLocal, placeOf, praiseOf } from "./connecting.js";
import { Provider } from "./provider.js";

/** @import { Resource } from "../../state/store.js" */
/** @import { LocalServer, ProviderListing } from "../../types.d.ts" */

export const title = "Models";

export function View() {
  /** @type {Resource<ProviderListing[]>} */
  const providers = resource("/settings/providers");
  return html`<div class="page">
    <header><div><h1>Models</h1>
      <p class="muted">What your agents think with. Keys are kept encrypted and are never shown again.</p></div></header>
    <${Shown} of=${providers} lines=${8}>${(/** @type {ProviderListing[]} */ all) => html`<div class="stack">
      <${Found} providers=${all} />
      ${all.map((listing) => html`<${Provider} key=${listing.provider_name} listing=${listing} />`)}
    </div>`}<//>
  </div>`;
}

/** Servers that were found and are not in use yet. @param {{ providers: ProviderListing[] }} props */
function Found({ providers }) {
  /** @type {Resource<LocalServer[]>} */
  const local = resource("/llm/local-servers");
  const used = addressInUse(providers);
  const others = (local.data.value ?? []).filter(({ base_url: address }) => address !== used);
  return others.map((server) => html`<${Offer} key=${server.base_url} server=${server} providers=${providers} />`);
}

/** @param {{ server: LocalServer, providers: ProviderListing[] }} props */
function Offer({ server, providers }) {
  const { name, models } = server;
  const take = async () => {
    const isTaken = await connectLocal(server, models[0]?.model_id ?? "", providers);
    if (isTaken) notify(`${name} is connected. Choose its models in the settings of an agent.`, { tone: "good" });
  };
  return html`<section class="card models-offer" aria-label=${`${name} ${placeOf(server)}`}>
    <div><h2>${name} runs ${placeOf(server)}</h2>
      <p class="muted">${counted(models.length)} ${praiseOf(server)}</p></div>
    <${Button} kind="primary" onClick=${take}>Use ${name}<//>
  </section>`;
}

/** @param {number} count */
function counted(count) {
  if (!count) return "It has no models yet.";
  return count === 1 ? "It has one model." : `It has ${count} models.`;
}
