// What an owner decides about a machine: its name, who works on it, whether it is asked first.
import { json } from "../../api.js";
import { Button } from "../../components/button.js";
import { notify } from "../../components/notices.js";
import { changed, resource } from "../../state/store.js";
import { html, useState } from "../../vendor/preact.js";
import { Check, Field } from "./parts.js";

/** @import { Resource } from "../../state/store.js" */
/** @import { Agent, DeviceUpdate, DeviceView } from "../../types.d.ts" */

/** @param {{ device: DeviceView }} props */
export function Settings({ device }) {
  const [edited, setEdited] = useState(/** @type {DeviceUpdate} */ ({}));
  const edit = (/** @type {DeviceUpdate} */ part) => setEdited({ ...edited, ...part });
  const save = async () => {
    const before = { label: device.label, agent_id: device.agent_id, ask_before_commands: device.ask_before_commands };
    const body = Object.fromEntries(Object.entries(edited).filter(([name, value]) => (/** @type {any} */ (before))[name] !== value));
    await json(`/devices/${encodeURIComponent(device.client_id)}`, { method: "PATCH", body });
    setEdited({});
    changed("/devices");
    notify("Saved.", { tone: "good" });
  };
  const now = { ...device, ...edited };
  return html`<section class="stack" aria-labelledby="settings"><h2 id="settings">Settings</h2>
    <form class="card stack" onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}>
      <label class="field"><span>What you call it</span>
        <input maxlength="100" placeholder=${device.client_id} value=${now.label ?? ""} onInput=${(/** @type {any} */ event) => edit({ label: event.currentTarget.value || null })} /></label>
      <${WhoWorks} agentId=${now.agent_id ?? ""} choose=${(/** @type {string} */ id) => edit({ agent_id: id || null })} />
      <${Check} name="Ask me before commands" hint="Each one waits until you approve it here or in the chat, up to a day."
        checked=${now.ask_before_commands} set=${(/** @type {boolean} */ asks) => edit({ ask_before_commands: asks })} />
      <${ToolKey} has=${device.has_tool_api_key} typed=${edited.tool_api_key} edit=${edit} />
      <footer class="actions"><${Button} type="submit" kind="primary" disabled=${!Object.keys(edited).length} onClick=${save}>Save settings<//></footer>
    </form>
  </section>`;
}

/** @param {{ agentId: string, choose: (id: string) => void }} props */
function WhoWorks({ agentId, choose }) {
  /** @type {Resource<Agent[]>} */
  const kept = resource("/agents");
  const agents = kept.data.value ?? [];
  return html`<${Field} name="Who works on it" hint="It does every task on this machine, also those that another agent hands over in a chat.">${(/** @type {object} */ ties) => html`
    <select ...${ties} value=${agentId} onChange=${(/** @type {any} */ event) => choose(event.currentTarget.value)}>
      <option value="">A plain agent, with the model you connected last</option>
      ${agents.map(({ agent_id, agent_name }) => html`<option key=${agent_id} value=${agent_id} selected=${agent_id === agentId}>${agent_name}</option>`)}
    </select>`}<//>`;
}

/** @param {{ has: boolean, typed: string | null | undefined, edit: (part: DeviceUpdate) => void }} props */
function ToolKey({ has, typed, edit }) {
  const hint = has ? "One is kept. What you type replaces it." : "For tools that ask for an API key. It is kept encrypted; the model never sees it.";
  return html`<div class="field"><label for="tool-key">Key for its tools</label>
    <input id="tool-key" type="password" autocomplete="off" maxlength="4096" value=${typed ?? ""} disabled=${typed === null}
      onInput=${(/** @type {any} */ event) => edit({ tool_api_key: event.currentTarget.value || undefined })} />
    <p class="hint">${typed === null ? "It will be deleted when you save." : hint}
      ${has && typed !== null && html` <button type="button" class="as-link" onClick=${() => edit({ tool_api_key: null })}>Delete it</button>`}</p></div>`;
}
