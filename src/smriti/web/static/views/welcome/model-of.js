// Which of the models that a provider has.
import { sentence } from "../../api.js";
import { Button } from "../../components/button.js";
import { Field } from "../../components/controls.js";
import { resource } from "../../state/store.js";
import { html, useEffect, useId, useRef, useState } from "../../vendor/preact.js";
import { connectLocal, LOCAL_PROVIDER, settingOf } from "../models/connecting.js";

/** @import { Resource } from "../../state/store.js" */
/** @import { FormInput, LocalServer, ModelInfo, ProviderListing } from "../../types.d.ts" */
/** @import { Model } from "./welcome.js" */

/** @param {{ server?: LocalServer, listing?: ProviderListing, providers: ProviderListing[], done: (model: Model) => void, isNext: boolean }} props `isNext`: after what was filled in */
export function ModelOf({ server, listing, providers, done, isNext }) {
  const provider = listing?.provider_name ?? LOCAL_PROVIDER;
  /** @type {Resource<ModelInfo[]>} */
  const listed = resource(`/llm/models/${encodeURIComponent(provider)}`);
  const [chosen, choose] = useState("");
  const [problem, setProblem] = useState("");
  const button = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => { if (isNext) button.current?.querySelector("button")?.focus(); }, []);
  const modelOf = (/** @type {ModelInfo[]} */ models) => chosen || proposed(models, settingOf(listing, "model"), server !== undefined);
  const take = async () => {
    const models = server ? server.models : await listed.load();
    const model = modelOf(models);
    if (models.length && !model) return setProblem("Choose one of its models.");
    if (server && !(await connectLocal(server, model, providers))) return;
    done({ agent_provider: provider, agent_model: model });
  };
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    take().catch((error) => setProblem(sentence(error)));
  };
  const models = (server ? server.models : listed.data.value) ?? [];
  return html`<form class="stack" onSubmit=${submit}>
    <${Models} models=${models} value=${modelOf(models)} set=${choose} wrong=${problem} />
    <footer class="actions" ref=${button}><${Button} type="submit" kind="primary">Go on<//></footer>
  </form>`;
}

/** @param {{ models: ModelInfo[], value: string, set: (model: string) => void, wrong: string }} props */
function Models({ models, value, set, wrong }) {
  const id = useId();
  if (models.length < 2) return wrong && html`<p class="problem" role="alert">${wrong}</p>`;
  const options = models.map(({ model_id: model, display_name: label }) => ({ value: model, label, when: null }));
  /** @type {FormInput} */
  const input = { input_type: "select", name: "model", label: "Model", value: null, values: null, options, attr: null };
  return html`<${Field} input=${input} id=${id} value=${value} set=${set} isSaved=${false} wrong=${wrong} />`;
}

/** One's own machine has few, and each is meant; of hundreds the first says nothing. @param {ModelInfo[]} models @param {string} saved @param {boolean} isLocal */
function proposed(models, saved, isLocal) {
  const ids = models.map(({ model_id: id }) => id);
  if (ids.includes(saved)) return saved;
  return isLocal || ids.length === 1 ? ids[0] ?? "" : "";
}
