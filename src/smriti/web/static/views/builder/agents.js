// All agents, and where files become agents.
import { Empty } from "../../components/empty.js";
import { Menu } from "../../components/menu.js";
import { Icon } from "../../icons.js";
import { link } from "../../router.js";
import { resource } from "../../state/store.js";
import { html, useState } from "../../vendor/preact.js";
import { Import } from "../import.js";
import { Duplicate } from "./duplicate.js";
import { exportsOf } from "./exports.js";
import { Shown } from "./shown.js";

/** @import { Resource } from "../../state/store.js" */
/** @import { Agent } from "../../types.d.ts" */

export const title = "Agents";

export function View() {
  /** @type {Resource<Agent[]>} */
  const agents = resource("/agents");
  const [copied, setCopied] = useState(/** @type {Agent | null} */ (null));
  return html`<div class="page">
    <header><h1>Agents</h1>
      <a class="button primary" href=${link("agents", "new")}><${Icon} name="plus" /><span>New agent</span></a>
    </header>
    <${Shown} of=${agents} lines=${6}>${(/** @type {Agent[]} */ all) => html`<${List} agents=${all} copy=${setCopied} />`}<//>
    <section class="stack" aria-labelledby="import">
      <h2 id="import">Bring one along</h2>
      <${Import} />
    </section>
    <${Duplicate} agent=${copied} onClose=${() => setCopied(null)} />
  </div>`;
}

/** @param {{ agents: Agent[], copy: (agent: Agent) => void }} props */
function List({ agents, copy }) {
  if (!agents.length) {
    return html`<${Empty} icon="agent" title="No agent yet"
      text="An agent has a character, a model to think with, and a memory of its own that it keeps from one talk to the next. For example a tutor who knows where you left off."
      action=${html`<a class="button primary" href="#/welcome">Make the first one</a>`} />`;
  }
  const newestFirst = agents.toSorted((one, other) => other.created_at.localeCompare(one.created_at));
  return html`<ul class="builder-list">${newestFirst.map((agent) => html`<${Row} key=${agent.agent_id} agent=${agent} copy=${copy} />`)}</ul>`;
}

/** @param {{ agent: Agent, copy: (agent: Agent) => void }} props */
function Row({ agent, copy }) {
  const { agent_id: id, agent_name: name } = agent;
  const items = [
    { label: "Settings", icon: "edit", href: link("agents", id) },
    { label: "Memory", icon: "memory", href: link("memory", id) },
    { label: "Duplicate…", icon: "copy", run: () => copy(agent) },
    ...exportsOf(id),
  ];
  return html`<li class="card builder-agent">
    <span class="initial" aria-hidden="true">${[...name][0]?.toUpperCase()}</span>
    <div>
      <h2><a class="name" href=${link("agents", id)}>${name}</a></h2>
      <p class="builder-persona">${agent.agent_persona}</p>
      <p class="meta">${[agent.agent_provider, agent.agent_model].filter(Boolean).join(" · ")}</p>
    </div>
    <div class="row">
      <a class="button" href=${link("new", id)} aria-label=${`Chat with ${name}`}><${Icon} name="chat" /><span>Chat</span></a>
      <${Menu} label=${`More about ${name}`} items=${items} />
    </div>
  </li>`;
}
