// On which machines an agent does the tasks that are given to them.
import { json, sentence } from "../../api.js";
import { announce, notify } from "../../components/notices.js";
import { link } from "../../router.js";
import { changed, resource } from "../../state/store.js";
import { html, useState } from "../../vendor/preact.js";
import { Shown } from "./shown.js";

/** @import { Resource } from "../../state/store.js" */
/** @import { Agent, DeviceView } from "../../types.d.ts" */

/** @param {{ agent: Agent }} props */
export function Devices({ agent }) {
  /** @type {Resource<DeviceView[]>} */
  const devices = resource("/devices");
  return html`<section class="stack" aria-labelledby="devices">
    <div><h2 id="devices">Devices</h2><p class="muted">On which of your machines it does the tasks that you start there.</p></div>
    <${Shown} of=${devices}>${(/** @type {DeviceView[]} */ all) => html`<${List} agent=${agent} devices=${all} />`}<//>
  </section>`;
}

/** @param {{ agent: Agent, devices: DeviceView[] }} props */
function List({ agent, devices }) {
  if (!devices.length) {
    return html`<p class="card muted">No machine is connected yet. <a href="#/devices">Connect one</a>; it takes one line in a terminal.</p>`;
  }
  return html`<ul class="card builder-devices">${devices.map((device) => html`<${Device} key=${device.client_id} agent=${agent} device=${device} />`)}</ul>`;
}

/** @param {{ agent: Agent, device: DeviceView }} props */
function Device({ agent, device }) {
  const [busy, setBusy] = useState(false);
  const name = device.label ?? device.client_id;
  const isIts = device.agent_id === agent.agent_id;
  const toggle = async () => {
    if (busy) return;
    setBusy(true);
    await give(device, isIts ? null : agent.agent_id).then(
      () => announce(isIts ? `It no longer works on ${name}.` : `It works on ${name} now.`), (error) => notify(sentence(error), { tone: "bad" }));
    setBusy(false);
  };
  const isShown = isIts !== busy; // at once as it is wanted
  return html`<li class="row">
    <label class="builder-check"><input type="checkbox" checked=${isShown} aria-busy=${busy || undefined} onChange=${toggle} />
      <span><b class="name">${name}</b><span class="hint">${device.online ? "online" : "offline"}${isIts || !device.agent_id ? "" : "; another agent works on it"}</span></span></label>
    <a href=${link("devices", device.client_id)} aria-label=${`Open ${name}`}>Open</a>
  </li>`;
}

/** @param {DeviceView} device @param {string | null} agentId */
async function give(device, agentId) {
  await json(`/devices/${encodeURIComponent(device.client_id)}`, { method: "PATCH", body: { agent_id: agentId } });
  await resource("/devices").load();
  changed("/devices");
}
