// Who an agent is and what it thinks with, in the server's own form.
import { SchemaForm, submitTo } from "../../components/form.js";
import { notify } from "../../components/notices.js";
import { changed, resource } from "../../state/store.js";
import { html } from "../../vendor/preact.js";
import { Shown } from "./shown.js";

/** @import { Values } from "../../components/form.js" */
/** @import { Resource } from "../../state/store.js" */
/** @import { Agent, FormSchema } from "../../types.d.ts" */

/** @param {{ agent: Agent }} props */
export function Character({ agent }) {
  const id = encodeURIComponent(agent.agent_id);
  /** @type {Resource<FormSchema>} */
  const form = resource(`/agents/update-schema/${id}`);
  /** @type {Resource<Agent>} */
  const kept = resource(`/agents/${id}`);
  const save = async (/** @type {FormSchema} */ schema, /** @type {Values} */ values) => kept.set(await submitTo(schema, values, "PUT"));
  const saved = () => {
    changed("/agents");
    notify("Saved. It counts from the next question on.", { tone: "good" });
  };
  return html`<section class="stack" aria-labelledby="character">
    <div><h2 id="character">Character and model</h2>
      <p class="muted">Who it is, and what it thinks with. More models: <a href="#/models">connect a provider</a>.</p></div>
    <div class="card"><${Shown} of=${form} lines=${8}>${(/** @type {FormSchema} */ schema) => html`<${SchemaForm} schema=${schema} entity=${agent}
      onSubmit=${(/** @type {Values} */ values) => save(schema, values)} onDone=${saved} />`}<//></div>
  </section>`;
}
