// A new agent: from a template or from nothing, in the server's own form.
import { SchemaForm, submitTo } from "../../components/form.js";
import { notify } from "../../components/notices.js";
import { go, link } from "../../router.js";
import { changed, resource } from "../../state/store.js";
import { html, useState } from "../../vendor/preact.js";
import { Gallery, Other } from "./gallery.js";
import { freeName, refuseTaken } from "./names.js";
import { Shown } from "./shown.js";

/** @import { Values } from "../../components/form.js" */
/** @import { Resource } from "../../state/store.js" */
/** @import { Agent, AgentTemplate, FormSchema } from "../../types.d.ts" */

export const title = "New agent";

export function View() {
  /** @type {Resource<AgentTemplate[]>} */
  const templates = resource("/agents/templates");
  /** @type {Resource<Agent[]>} */
  const agents = resource("/agents");
  const [template, choose] = useState(/** @type {AgentTemplate | null} */ (null));
  return html`<div class="page">
    <header><h1>New agent</h1><a href="#/agents">All agents</a></header>
    <section class="stack" aria-labelledby="begin">
      <h2 id="begin">Begin with a template, or fill in the form</h2>
      <${Shown} of=${templates}>${(/** @type {AgentTemplate[]} */ all) => html`<${Gallery} templates=${all} chosen=${template?.template_id ?? ""} choose=${choose}>
        <${Other} href="#/agents" icon="upload" title="From a file" summary="An export of Smriti, or a character of ElizaOS." /><//>`}<//>
    </section>
    <${Shown} of=${agents} lines=${8}>${(/** @type {Agent[]} */ all) => html`<${Form} key=${template?.template_id ?? ""} template=${template} agents=${all} />`}<//>
  </div>`;
}

/** @param {{ template: AgentTemplate | null, agents: Agent[] }} props */
function Form({ template, agents }) {
  /** @type {Resource<FormSchema>} */
  const form = resource("/agents/supported-models");
  /** @type {Resource<Agent[]>} */
  const all = resource("/agents");
  const [begun] = useState(() => proposed(template, agents));
  const create = async (/** @type {FormSchema} */ schema, /** @type {Values} */ values) => {
    refuseTaken(values.agent_name ?? "", await all.load());
    return submitTo(schema, values);
  };
  const created = (/** @type {Agent} */ agent) => {
    changed("/agents", "/usage");
    notify(`${agent.agent_name} is ready.`, { tone: "good" });
    go(link("agents", agent.agent_id));
  };
  return html`<section class="card"><${Shown} of=${form} lines=${8}>${(/** @type {FormSchema} */ schema) => html`<${SchemaForm} schema=${schema} values=${begun}
    submitLabel="Create agent" onSubmit=${(/** @type {Values} */ values) => create(schema, values)} onDone=${created} />`}<//></section>`;
}

/** What the last agent thinks with, the next one probably does too. @param {AgentTemplate | null} template @param {Agent[]} agents */
function proposed(template, agents) {
  const last = agents.toSorted((one, other) => one.created_at.localeCompare(other.created_at)).at(-1);
  const model = { agent_provider: last?.agent_provider ?? "Demo", agent_model: last?.agent_model ?? "" };
  if (!template) return model;
  return { ...model, ...template.values, agent_name: freeName(template.values.agent_name, agents) };
}
