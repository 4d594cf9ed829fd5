// One agent: who it is, what it can do, where it may be met, and how to be rid of it.
import { Refused } from "../../api.js";
import { Menu } from "../../components/menu.js";
import { Icon } from "../../icons.js";
import { link } from "../../router.js";
import { resource } from "../../state/store.js";
import { html, useEffect, useState } from "../../vendor/preact.js";
import { Character } from "./character.js";
import { Danger } from "./danger.js";
import { Devices } from "./devices.js";
import { Duplicate } from "./duplicate.js";
import { Embedding } from "./embedding.js";
import { exportsOf } from "./exports.js";
import { Name } from "./name.js";
import { Shown } from "./shown.js";
import { Tools } from "./tools.js";

/** @import { Resource } from "../../state/store.js" */
/** @import { Agent } from "../../types.d.ts" */

export const title = "Agent";

/** @param {{ params: Record<string, string> }} props */
export function View({ params }) {
  const { agent: id = "" } = params;
  /** @type {Resource<Agent>} */
  const agent = resource(`/agents/${encodeURIComponent(id)}`);
  const error = agent.error.value;
  if (error instanceof Refused && error.status === 404) return html`<${Nobody} />`;
  return html`<${Shown} of=${agent} lines=${8}>${(/** @type {Agent} */ found) => html`<${Page} key=${found.agent_id} agent=${found} />`}<//>`;
}

/** @param {{ agent: Agent }} props */
function Page({ agent }) {
  const [copying, copy] = useState(false);
  useEffect(() => { document.title = `${agent.agent_name} · Smriti`; }, [agent.agent_name]);
  const { agent_id: id } = agent;
  const items = [{ label: "Duplicate…", icon: "copy", run: () => copy(true) }, ...exportsOf(id)];
  return html`<div class="page">
    <header>
      <${Name} agent=${agent} />
      <div class="row">
        <a class="button primary" href=${link("new", id)}><${Icon} name="chat" /><span>Chat</span></a>
        <a class="button" href=${link("memory", id)}><${Icon} name="memory" /><span>Memory</span></a>
        <${Menu} label="Duplicate and export" items=${items} />
      </div>
    </header>
    <${Character} agent=${agent} />
    <${Tools} agent=${agent} />
    <${Devices} agent=${agent} />
    <${Embedding} agent=${agent} />
    <${Danger} agent=${agent} />
    <${Duplicate} agent=${copying ? agent : null} onClose=${() => copy(false)} />
  </div>`;
}

function Nobody() {
  return html`<section class="empty">
    <${Icon} name="agent" size=${28} />
    <h1>There is no such agent</h1>
    <p>It may have been deleted, or it belongs to somebody else.</p>
    <a class="button primary" href="#/agents">All agents</a>
  </section>`;
}
