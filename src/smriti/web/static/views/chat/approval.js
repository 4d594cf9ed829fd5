// A command that an agent wants to run on a machine.
import { Refused, sentence } from "../../api.js";
import { Approval } from "../../components/approval.js";
import { notify } from "../../components/notices.js";
import { Icon } from "../../icons.js";
import { html } from "../../vendor/preact.js";

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
  const decide = async (/** @type {boolean} */ yes, /** @type {string} */ note) => {
    try {
      await talk.approve(asked, yes, note);
    } catch (error) {
      if (error instanceof Refused && error.status === 409) asked.settled.value = "over";
      notify(sentence(error), { tone: "bad" });
    }
  };
  return html`<${Approval} head=${asked.text} args=${asked.args} decide=${decide} />`;
}
