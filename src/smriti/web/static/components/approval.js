// A command that waits for the owner of the machine: she decides, and may say why.
import { Icon } from "../icons.js";
import { html, useState } from "../vendor/preact.js";
import { Button } from "./button.js";

/**
 * @param {object} props
 * @param {{ approval_id: string, tool_name: string, arguments: Record<string, unknown> }} props.approval
 * @param {string} props.device as its owner calls it
 * @param {(yes: boolean, note: string) => Promise<void>} props.decide
 */
export function Approval({ approval, device, decide }) {
  const [note, setNote] = useState("");
  const args = Object.keys(approval.arguments).length > 0;
  return html`<section class="approval card" aria-label="A command waits for your approval">
    <p><${Icon} name="device" /><span><code class="name">${approval.tool_name}</code> on <b class="name">${device}</b> waits for your approval.</span></p>
    ${args && html`<pre tabindex="0" aria-label="Its arguments">${JSON.stringify(approval.arguments, null, 2)}</pre>`}
    <div class="row">
      <${Button} kind="primary" icon="check" onClick=${() => decide(true, note)}>Approve<//>
      <${Button} icon="close" onClick=${() => decide(false, note)}>Deny<//>
      <label class="approval-note"><span class="unseen">A note for your agent</span>
        <input placeholder="A note for your agent, if you like" maxlength="2000" value=${note}
          onInput=${(/** @type {any} */ event) => setNote(event.currentTarget.value)} />
      </label>
    </div>
  </section>`;
}
