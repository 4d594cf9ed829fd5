// Who you are here, what is yours, and how to take it along or away.
import { link } from "../router.js";
import { me } from "../state/session.js";
import { html } from "../vendor/preact.js";
import { Danger, SignIns } from "./account/leaving.js";
import { Password } from "./account/password.js";
import { Import } from "./import.js";

/** @typedef {import("../types.d.ts").Profile} Account */

export const title = "Account";

const PLACES = [
  { name: "plan", label: "Plan and usage" },
  { name: "keys", label: "API keys" },
];

export function View() {
  const account = me.value;
  if (!account) return null;
  return html`<div class="page">
    <header><h1>Account</h1></header>
    <${Profile} account=${account} />
    <${Password} account=${account} />
    <${Yours} />
    <${SignIns} />
    <${Danger} account=${account} />
  </div>`;
}

/** @param {{ account: Account }} props */
function Profile({ account }) {
  return html`<section class="card account-profile" aria-label="Who you are">
    <span class="initial account-initial" aria-hidden="true">${[...account.name][0]?.toUpperCase()}</span>
    <div><h2 class="name">${account.name}</h2>${account.sign_in !== "local" && html`<p class="muted name">${account.email}</p>`}</div>
    <p class="row account-places">${PLACES.map(({ name, label }) => html`<a key=${name} href=${link(name)}>${label}</a>`)}</p>
  </section>`;
}

function Yours() {
  return html`<section class="card stack" aria-labelledby="account-yours">
    <h2 id="account-yours">Everything that is yours</h2>
    <p>One file with your agents, all that they remember, every conversation and your settings. No passwords, and no keys. It is JSON: you can read it, keep it, and bring it to any Smriti.</p>
    <div><a class="button" href="/users/me/export" download>Download everything</a></div>
    <h3>Bring it here</h3>
    <p class="muted">A file from “Download everything”, of one agent, or a character. It only adds: what you have stays as it is.</p>
    <${Import} />
  </section>`;
}
