// Signing in again over the page, which keeps what was typed.
import { me } from "../state/session.js";
import { html } from "../vendor/preact.js";
import { SignInForm } from "./sign-in.js";

export function View() {
  return html`<div class="stack">
    <p>Sign in again to go on where you were. What you typed is kept.</p>
    <${SignInForm} name=${me.value?.email.replace(/@local$/, "")} again />
  </div>`;
}
