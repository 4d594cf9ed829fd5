// What an agent can call, by where it comes from.
import { Icon } from "../../icons.js";
import { resource } from "../../state/store.js";
import { html } from "../../vendor/preact.js";
import { Shown } from "./shown.js";

/** @import { Resource } from "../../state/store.js" */
/** @import { Agent, OfferedTool } from "../../types.d.ts" */

/** @param {{ agent: Agent }} props */
export function Tools({ agent }) {
  /** @type {Resource<OfferedTool[]>} */
  const tools = resource(`/agents/${encodeURIComponent(agent.agent_id)}/tools`);
  return html`<section class="stack" aria-labelledby="tools">
    <div><h2 id="tools">Tools</h2><p class="muted">What it can do by itself while it answers you.</p></div>
    <${Shown} of=${tools}>${(/** @type {OfferedTool[]} */ all) => html`<${Origins} tools=${all} />`}<//>
  </section>`;
}

/** @param {{ tools: OfferedTool[] }} props */
function Origins({ tools }) {
  if (!tools.length) return html`<p class="card muted">None. It answers with words alone.</p>`;
  const origins = [...new Set(tools.map(({ origin }) => origin))];
  return html`<div class="card builder-tools">${origins.map((name) => html`<${Origin} key=${name} name=${name} tools=${tools.filter(({ origin }) => origin === name)} />`)}</div>`;
}

/** @param {{ name: string, tools: OfferedTool[] }} props */
function Origin({ name, tools }) {
  return html`<details>
    <summary><${Icon} name="right" size=${16} /><b class="builder-origin">${name}</b><span class="meta">${tools.length} ${tools.length === 1 ? "tool" : "tools"}</span></summary>
    <dl>${tools.map((tool) => html`<div key=${tool.name}><dt><code>${tool.name}</code></dt><dd class="meta">${tool.description}</dd></div>`)}</dl>
  </details>`;
}
