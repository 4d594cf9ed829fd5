// A command that an agent wants to run on a machine: its owner decides.
import { Refused, sentence } from "../../api.js";
import { Button } from "../../components/button.js";
import { notify } from "../../components/notices.js";
import { Icon } from "../../icons.js";
import { html, useState } from "../../vendor/preact.js";

/** @import { ApprovalPiece } from "../../state/talk-rows.js" */
/** @import { Talk } from "../../state/talk.js" */

/** @type {Record<string, string>} */
const OVER = { approved: "You approved", denied: "You denied", over: "No longer waits:" };

/** @param {{ asked: ApprovalPiece, talk: Talk }} props */
export function View({ asked, talk }) {
  const settled = asked.settled.value;
  if (settled) {
    return html`<p class="chat-decided meta"><${Icon} name=${settled === "denied" ? "close" : "check"} size=${16} />
      <span>${OVER[settled]} <code class="name">${asked.name}</code> on <span class="name">${asked.client}</span>.</span></p>`;
  }
  return html`<section class="chat-approval card" aria-label="A command waits for your approval">
    <p><${Icon} name="device" /><span class="name">${asked.text}</span></p>
    ${Object.keys(asked.args).length > 0 && html`<pre tabindex="0">${JSON.stringify(asked.args, null, 2)}</pre>`}
    <${Choice} asked=${asked} talk=${talk} />
  </section>`;
}

/** @param {{ asked: ApprovalPiece, talk: Talk }} props */
function Choice({ asked, talk }) {
  const [note, setNote] = useState("");
  const decide = (/** @type {boolean} */ yes) => async () => {
    try {
      await talk.approve(asked, yes, note);
    } catch (error) {
      if (error instanceof Refused && error.status === 409) asked.settled.value = "over";
      notify(sentence(error), { tone: "bad" });
    }
  };
  return html`<div class="row">
    <${Button} kind="primary" icon="check" onClick=${decide(true)}>Approve<//>
    <${Button} icon="close" onClick=${decide(false)}>Deny<//>
    <label class="chat-note"><span class="unseen">A note for your agent</span>
      <input placeholder="A note for your agent, if you like" value=${note} maxlength="2000" onInput=${(/** @type {any} */ event) => setNote(event.currentTarget.value)} />
    </label>
  </div>`;
}
