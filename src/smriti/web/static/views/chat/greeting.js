// What to say first to an agent.
import { Mark } from "../../icons.js";
import { resource } from "../../state/store.js";
import { html, useState } from "../../vendor/preact.js";

/** @import { Resource } from "../../state/store.js" */
/** @import { Agent, AgentTemplate } from "../../types.d.ts" */

const ANY = [
  "Hello! What can you do for me?",
  "My name is Ada, and I drink green tea in the morning. Please remember that.",
  "What do you know about me?",
];

/** @param {{ agent: string, onSay: (text: string) => Promise<unknown>, children?: any }} props `agent`: its id */
export function View({ agent, onSay, children }) {
  /** @type {Resource<Agent[]>} */
  const agents = resource("/agents");
  const name = agents.data.value?.find(({ agent_id }) => agent_id === agent)?.agent_name ?? "";
  const [busy, setBusy] = useState(false);
  const say = (/** @type {string} */ text) => () => {
    setBusy(true);
    onSay(text).catch(() => {}).finally(() => setBusy(false));
  };
  return html`<section class="chat-greeting">
    <${Mark} size=${40} />
    <h2>Say hello to <span class="name">${name || "your agent"}</span></h2>
    <p class="muted">What matters, it writes into its memory. You can read and correct that memory at any time.</p>
    ${children}
    <ul class="chat-starters" aria-label="To begin with">
      ${useStarters(name).map((text) => html`<li key=${text}><button type="button" class="button" disabled=${busy} onClick=${say(text)}>${text}</button></li>`)}
    </ul>
  </section>`;
}

/** @param {string} name */
function useStarters(name) {
  /** @type {Resource<AgentTemplate[]>} */
  const templates = resource("/agents/templates");
  const found = templates.data.value?.find(({ values }) => name === values.agent_name || name.startsWith(`${values.agent_name} `));
  return found?.starters ?? ANY;
}
