// The second step: who it will be.
import { json, sentence } from "../../api.js";
import { Button } from "../../components/button.js";
import { go, link } from "../../router.js";
import { changed, resource } from "../../state/store.js";
import { html, useState } from "../../vendor/preact.js";
import { Gallery, Other } from "../builder/gallery.js";
import { freeName, refuseTaken } from "../builder/names.js";
import { Shown } from "../builder/shown.js";

/** @import { Resource } from "../../state/store.js" */
/** @import { Agent, AgentTemplate } from "../../types.d.ts" */
/** @import { Model } from "./welcome.js" */

/** @param {{ model: Model, back: () => void }} props */
export function ChooseAgent({ model, back }) {
  /** @type {Resource<AgentTemplate[]>} */
  const templates = resource("/agents/templates");
  /** @type {Resource<Agent[]>} */
  const agents = resource("/agents");
  return html`<p class="muted">Each has a character and a memory of its own. You can change all of it later.</p>
    <${Shown} of=${agents}>${(/** @type {Agent[]} */ known) => html`<${Shown} of=${templates} lines=${6}>${(/** @type {AgentTemplate[]} */ all) => html`
      <${Form} templates=${all} agents=${known} model=${model} back=${back} />`}<//>`}<//>`;
}

/** @param {{ templates: AgentTemplate[], agents: Agent[], model: Model, back: () => void }} props */
function Form({ templates, agents, model, back }) {
  const [template, setTemplate] = useState(/** @type {AgentTemplate | undefined} */ (templates[0]));
  const [name, setName] = useState(freeName(template?.values.agent_name ?? "", agents));
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const choose = (/** @type {AgentTemplate} */ chosen) => {
    setTemplate(chosen);
    setName(freeName(chosen.values.agent_name, agents));
  };
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (!template || busy) return;
    setBusy(true);
    try {
      const agent = await created(template, name.trim(), model);
      go(link("new", agent.agent_id));
    } catch (error) {
      setProblem(sentence(error));
      setBusy(false);
    }
  };
  return html`<form class="stack" onSubmit=${submit}>
    <${Gallery} templates=${templates} chosen=${template?.template_id ?? ""} choose=${choose}><${Other} href="#/agents/new" icon="plus" title="Your own" summary="Write its character yourself, in the whole form." /><//>
    <label class="field"><span>Name</span>
      <input required maxlength="100" value=${name} onInput=${(/** @type {any} */ event) => setName(event.target.value)} /></label>
    ${problem && html`<p class="problem" role="alert">${problem}</p>`}
    <footer class="actions"><${Button} onClick=${back}>Back<//><${Button} type="submit" kind="primary" busy=${busy}>Create agent<//></footer>
  </form>`;
}

/** @param {AgentTemplate} template @param {string} name @param {Model} model @returns {Promise<Agent>} */
async function created(template, name, model) {
  /** @type {Resource<Agent[]>} */
  const agents = resource("/agents");
  const known = await agents.load();
  refuseTaken(name, known);
  const agent = await json("/agents", { method: "POST", body: { ...template.values, ...model, agent_name: name } });
  agents.set([...known, agent]);
  changed("/agents", "/usage");
  return agent;
}
