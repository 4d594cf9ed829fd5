// A command that waits for the owner of the machine: she decides, and may say why.
import { Icon } from "../icons.js";
import { html, useState } from "../vendor/preact.js";
import { Button } from "./button.js";

/**
 * @param {object} props
 * @param {any} props.head what waits
 * @param {Record<string, unknown>} props.args
 * @param {(yes: boolean, note: string) => Promise<void>} props.decide
 */
export function Approval({ head, args, decide }) {
  const [note, setNote] = useState("");
  return html`<section class="approval card" aria-label="A command waits for your approval">
    <p><${Icon} name="device" /><span class="name">${head}</span></p>
    ${Object.keys(args).length > 0 && html`<pre tabindex="0" aria-label="Its arguments">${JSON.stringify(args, null, 2)}</pre>`}
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
