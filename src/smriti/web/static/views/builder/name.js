// The agent's name as the title of its page, where it can be changed.
import { json, sentence } from "../../api.js";
import { Button } from "../../components/button.js";
import { announce } from "../../components/notices.js";
import { changed, resource } from "../../state/store.js";
import { html, useEffect, useRef, useState } from "../../vendor/preact.js";

/** @import { Resource } from "../../state/store.js" */
/** @import { Agent } from "../../types.d.ts" */

/** @param {{ agent: Agent }} props */
export function Name({ agent }) {
  const [editing, setEditing] = useState(false);
  const root = useRef(/** @type {HTMLElement | null} */ (null));
  const done = () => {
    setEditing(false);
    requestAnimationFrame(() => root.current?.querySelector("button")?.focus());
  };
  return html`<div class="builder-name" ref=${root}>
    <h1 class=${editing ? "unseen" : "name"}>${agent.agent_name}</h1>
    ${editing ? html`<${Rename} agent=${agent} done=${done} />` : html`<${Button} kind="quiet" icon="edit" label="Rename" onClick=${() => setEditing(true)} />`}
  </div>`;
}

/** @param {{ agent: Agent, done: () => void }} props */
function Rename({ agent, done }) {
  const [name, setName] = useState(agent.agent_name);
  const [problem, setProblem] = useState("");
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  useEffect(() => input.current?.select(), []);
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    try {
      await rename(agent, name.trim());
      done();
    } catch (error) {
      setProblem(sentence(error));
      input.current?.focus();
    }
  };
  const keys = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    done();
  };
  return html`<form class="field" onSubmit=${submit} onKeyDown=${keys}>
    <div class="form-beside">
      <input ref=${input} aria-label="Name" required maxlength="100" value=${name} aria-invalid=${problem ? "true" : undefined}
        aria-describedby=${problem ? "name-wrong" : undefined} onInput=${(/** @type {any} */ event) => setName(event.target.value)} />
      <${Button} type="submit" kind="primary">Rename<//><${Button} onClick=${done}>Cancel<//>
    </div>
    ${problem && html`<p class="wrong" id="name-wrong" role="alert">${problem}</p>`}
  </form>`;
}

/** @param {Agent} agent @param {string} name */
async function rename(agent, name) {
  const path = `/agents/${encodeURIComponent(agent.agent_id)}`;
  /** @type {Resource<Agent>} */
  const kept = resource(path);
  kept.set(await json(path, { method: "PUT", body: { agent_name: name } }));
  changed("/agents");
  announce(`Renamed to ${name}.`);
}
