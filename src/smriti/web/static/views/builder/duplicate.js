// A second agent like the first one, with or without what that has learnt.
import { json, sentence } from "../../api.js";
import { Button } from "../../components/button.js";
import { Dialog } from "../../components/dialog.js";
import { notify } from "../../components/notices.js";
import { go, link } from "../../router.js";
import { changed, resource } from "../../state/store.js";
import { html, useState } from "../../vendor/preact.js";
import { freeName } from "./names.js";

/** @import { Resource } from "../../state/store.js" */
/** @import { Agent, Imported } from "../../types.d.ts" */

/** @param {{ agent: Agent | null, onClose: () => void }} props */
export function Duplicate({ agent, onClose }) {
  return html`<${Dialog} open=${agent !== null} title="Duplicate the agent" onClose=${onClose}>
    ${agent && html`<${Form} agent=${agent} onClose=${onClose} />`}
  <//>`;
}

/** @param {{ agent: Agent, onClose: () => void }} props */
function Form({ agent, onClose }) {
  /** @type {Resource<Agent[]>} */
  const agents = resource("/agents");
  const [name, setName] = useState(() => freeName(agent.agent_name, agents.data.peek() ?? [agent]));
  const [remembers, setRemembers] = useState(true);
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    setBusy(true);
    try {
      const made = await duplicated(agent.agent_id, name.trim(), remembers);
      changed("/agents");
      notify(`${made.agent_name} is ready.`, { tone: "good" });
      onClose();
      go(link("agents", made.agent_id ?? ""));
    } catch (error) {
      setProblem(sentence(error));
      setBusy(false);
    }
  };
  return html`<form class="stack" onSubmit=${submit}>
    ${problem && html`<p class="problem" role="alert">${problem}</p>`}
    <label class="field"><span>Name of the new one</span>
      <input required maxlength="100" value=${name} onInput=${(/** @type {any} */ event) => setName(event.target.value)} /></label>
    <label class="builder-check">
      <input type="checkbox" checked=${remembers} onChange=${(/** @type {any} */ event) => setRemembers(event.target.checked)} />
      <span>With its memory<span class="hint">Its notes and its archive as they are now. From then on each has its own.</span></span>
    </label>
    <footer class="actions"><${Button} onClick=${onClose}>Cancel<//><${Button} type="submit" kind="primary" busy=${busy}>Duplicate<//></footer>
  </form>`;
}

/** @param {string} agentId @param {string} name @param {boolean} remembers @returns {Promise<Imported>} */
async function duplicated(agentId, name, remembers) {
  const file = await json(`/agents/${encodeURIComponent(agentId)}/export`);
  file.agent.agent_name = name;
  if (!remembers) delete file.memory;
  return json("/agents/import", { method: "POST", body: file });
}
