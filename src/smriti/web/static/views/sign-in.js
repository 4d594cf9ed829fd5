// Who has no session gets one: by name and password, by Google, or by a link from the terminal.
import { Refused, sentence } from "../api.js";
import { Button } from "../components/button.js";
import { Copy } from "../components/copy.js";
import { Mark } from "../icons.js";
import { methods, signIn } from "../state/session.js";
import { html, useId, useState } from "../vendor/preact.js";
import { Skeleton } from "./lazy.js";

/** @import { SignInMethods } from "../types.d.ts" */

const LINK_COMMAND = "smriti login-link";
const KNOWN = {
  action: "Sign in",
  question: "New here?",
  other: "Make an account",
  password: { autocomplete: "current-password" },
};
const NEW = {
  action: "Make the account",
  question: "You have an account?",
  other: "Sign in",
  password: { autocomplete: "new-password", minlength: 8, hint: "At least 8 characters." },
};
/** @type {Record<string, string>} */
const REASONS = { access_denied: "You did not allow the sign-in with Google. Nothing has changed." };

export const title = "Sign in";

/** The page of who is not signed in. */
export function View() {
  const [reason] = useState(takeReason);
  return html`<main class="sign-in">
    <section class="card">
      <header><${Mark} size=${40} /><h1>Smriti</h1><p class="muted">Agents that remember, on your own machine.</p></header>
      ${reason && html`<p class="problem" role="alert">${reason}</p>`}
      <${SignInForm} />
    </section>
  </main>`;
}

/** @param {{ name?: string, again?: boolean }} props `again`: the page below stays as it is */
export function SignInForm({ name, again = false }) {
  const ways = methods.data.value;
  if (ways) return html`<${Ways} name=${name} again=${again} ...${ways} />`;
  if (!methods.error.value) return html`<${Skeleton} lines=${4} />`;
  return html`<div class="stack"><p class="problem" role="alert">${sentence(methods.error.value)}</p>
    <${Button} icon="retry" onClick=${() => methods.load()}>Try again<//></div>`;
}

/** @param {{ name?: string, again: boolean } & SignInMethods} props */
function Ways({ name, again, google, local_accounts: local, link }) {
  return html`<div class="stack">
    ${google && html`<a class="button wide" href="/auth/google" target=${again ? "_blank" : undefined}>Go on with Google</a>`}
    ${google && local && html`<p class="or"><span>or</span></p>`}
    ${local && html`<${Password} name=${name} again=${again} />`}
    ${link && html`<${ByLink} again=${again} isOnlyWay=${!local && !google} />`}
  </div>`;
}

/** @param {{ name?: string, again: boolean }} props */
function Password({ name = "", again }) {
  const [isNew, setNew] = useState(false);
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const [busy, setBusy] = useState(false);
  const submit = async (/** @type {any} */ event) => {
    event.preventDefault();
    const { username, password } = Object.fromEntries(new FormData(event.target));
    setBusy(true);
    setError(null);
    await signIn({ username: String(username), password: String(password), isNew }).catch(setError);
    setBusy(false);
  };
  const other = () => {
    setNew(!isNew);
    setError(null);
  };
  const words = isNew ? NEW : KNOWN;
  return html`<form class="stack" onSubmit=${submit}>
    <${Field} label="Name" name="username" error=${error} defaultValue=${name} readonly=${again && Boolean(name)} autocomplete="username" autocapitalize="none" spellcheck=${false} />
    <${Field} label="Password" name="password" type="password" error=${error} ...${words.password} />
    <${Problem} error=${error} />
    <${Button} type="submit" kind="primary wide" busy=${busy}>${words.action}<//>
    ${again ? null : html`<p class="switch">${words.question} <button type="button" class="as-link" onClick=${other}>${words.other}</button></p>`}
  </form>`;
}

/** @param {{ label: string, name: string, error: unknown, hint?: string } & Record<string, unknown>} props */
function Field({ label, name, error, hint, ...rest }) {
  const id = useId();
  const wrong = error instanceof Refused ? error.errors.find(({ loc }) => loc.at(-1) === name)?.msg : undefined;
  const about = wrong ?? hint;
  return html`<div class="field">
    <label for=${id}>${label}</label>
    <input id=${id} name=${name} required aria-invalid=${wrong ? "true" : undefined} aria-describedby=${about ? `${id}-about` : undefined} ...${rest} />
    ${about && html`<p id=${`${id}-about`} class=${wrong ? "wrong" : "hint"}>${about}</p>`}
  </div>`;
}

/** What no field can be blamed for. @param {{ error: unknown }} props */
function Problem({ error }) {
  if (!error || (error instanceof Refused && error.errors.length)) return null;
  return html`<p class="problem" role="alert">${sentence(error)}</p>`;
}

/** @param {{ again: boolean, isOnlyWay: boolean }} props */
function ByLink({ again, isOnlyWay }) {
  return html`<div class="by-link">
    <p>${isOnlyWay ? "Sign in with a link." : "Or with a link."} Run this where the server runs, then open the link that it prints${again ? " in this browser" : ""}:</p>
    <p class="command"><code>${LINK_COMMAND}</code><${Copy} text=${LINK_COMMAND} label="Copy the command" /></p>
  </div>`;
}

/** Why Google sent the browser back; it is said once, and taken out of the address. */
function takeReason() {
  const error = new URLSearchParams(location.search).get("error");
  if (!error) return "";
  history.replaceState(null, "", location.pathname + location.hash);
  return REASONS[error] ?? "The sign-in with Google did not work. Try it again.";
}
