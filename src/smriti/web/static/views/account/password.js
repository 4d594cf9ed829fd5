// Another password; every other sign-in ends with the old one.
import { json, Refused, sentence } from "../../api.js";
import { Button } from "../../components/button.js";
import { notify } from "../../components/notices.js";
import { html, useId, useState } from "../../vendor/preact.js";

/** @import { Profile } from "../../types.d.ts" */

/** @type {Record<string, string>} */
const OTHERWISE = {
  google: "You sign in with Google. There is no password here that could be lost.",
  link: "You sign in with a link: run smriti login-link where the server runs. There is no password here.",
};
const LEAST = 8;

/** @param {{ account: Profile }} props */
export function Password({ account }) {
  return html`<section class="card stack" aria-labelledby="account-password">
    <h2 id="account-password">Password</h2>
    ${account.has_password ? html`<${Form} name=${account.name} />` : html`<p class="muted">${OTHERWISE[account.sign_in] ?? "This account has no password."}</p>`}
  </section>`;
}

/** @param {{ name: string }} props */
function Form({ name }) {
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const [busy, setBusy] = useState(false);
  const submit = async (/** @type {any} */ event) => {
    event.preventDefault();
    const form = event.target;
    setBusy(true);
    setError(null);
    try {
      await json("/auth/local/password", { method: "POST", body: Object.fromEntries(new FormData(form)), key: null });
      form.reset();
      notify("Your password is changed. Everywhere else you are signed out.", { tone: "good" });
    } catch (problem) {
      setError(problem);
    }
    setBusy(false);
  };
  return html`<form class="stack account-form" onSubmit=${submit}>
    <input type="text" autocomplete="username" value=${name} readonly hidden />
    <${Field} label="Present password" name="current_password" autocomplete="current-password" wrong=${wrongOf(error, "current_password")} />
    <${Field} label="New password" name="new_password" autocomplete="new-password" minlength=${LEAST} hint=${`At least ${LEAST} characters.`} wrong=${wrongOf(error, "new_password")} />
    ${isElsewhere(error) && html`<p class="problem" role="alert">${sentence(error)}</p>`}
    <div><${Button} type="submit" busy=${busy}>Change the password<//></div>
  </form>`;
}

/** @param {{ label: string, name: string, wrong: string, hint?: string } & Record<string, unknown>} props */
function Field({ label, name, wrong, hint = "", ...rest }) {
  const id = useId();
  const about = wrong || hint;
  return html`<div class="field">
    <label for=${id}>${label}</label>
    <input id=${id} name=${name} type="password" required maxlength="1024" aria-invalid=${wrong ? "true" : undefined} aria-describedby=${about ? `${id}-about` : undefined} ...${rest} />
    ${about && html`<p id=${`${id}-about`} class=${wrong ? "wrong" : "hint"} role=${wrong ? "alert" : undefined}>${about}</p>`}
  </div>`;
}

/** What is wrong with this field. @param {unknown} error @param {string} field */
function wrongOf(error, field) {
  if (!(error instanceof Refused)) return "";
  if (error.slug === "wrong-password" && field === "current_password") return error.message;
  return error.errors.find(({ loc }) => loc.at(-1) === field)?.msg ?? "";
}

/** Whether no field can be blamed. @param {unknown} error */
const isElsewhere = (error) => Boolean(error) && !wrongOf(error, "current_password") && !wrongOf(error, "new_password");
