// The ways out: of every browser, and of this server.
import { json, request } from "../../api.js";
import { Button } from "../../components/button.js";
import { confirm } from "../../components/dialog.js";
import { leave } from "../../state/session.js";
import { html } from "../../vendor/preact.js";

/** @import { Profile } from "../../types.d.ts" */

export function SignIns() {
  return html`<section class="card stack" aria-labelledby="account-sign-ins">
    <h2 id="account-sign-ins">Sign-ins</h2>
    <p>A browser stays signed in for seven days. If you have lost one, or left one open somewhere, end them all, with this one. Keys of programs and machines stay.</p>
    <div><${Button} icon="leave" onClick=${everywhere}>Sign out everywhere<//></div>
  </section>`;
}

/** @param {{ account: Profile }} props */
export function Danger({ account }) {
  return html`<section class="card stack account-danger" aria-labelledby="account-danger">
    <h2 id="account-danger">Delete everything</h2>
    <p>Your agents and what they remember, all conversations and files, connected models, machines, keys and a paid plan: all of it goes, at once and for good. Download it first, if some of it may matter one day.</p>
    <div><${Button} kind="danger" icon="trash" onClick=${() => deleteAll(account)}>Delete my account<//></div>
  </section>`;
}

async function everywhere() {
  const sure = await confirm({
    title: "Sign out everywhere?",
    text: "Every browser that is signed in to your account is signed out, this one, too.",
    action: "Sign out everywhere",
  });
  if (!sure) return;
  await request("/auth/sign-out-everywhere", { method: "POST", key: null });
  leave();
}

/** @param {Profile} account */
async function deleteAll({ name, email }) {
  const sure = await confirm({
    title: "Delete your account?",
    text: "Agents, memory, conversations, files, keys and plan are deleted. Nobody can bring them back.",
    action: "Delete everything",
    danger: true,
    typed: name || email,
  });
  if (!sure) return;
  await json("/users/me", { method: "DELETE" });
  leave();
}
