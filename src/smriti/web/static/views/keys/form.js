// What a key is called, what it may do, and how long.
import { Refused, sentence } from "../../api.js";
import { Button } from "../../components/button.js";
import { day } from "../../components/time.js";
import { html, useId, useState } from "../../vendor/preact.js";
import { SCOPE_NAMES, SCOPES } from "./scopes.js";

/** @import { ApiKey, KeyScope, ProgramKeyUpdate } from "../../types.d.ts" */

const DAYS = [7, 30, 90, 365];
const USUAL_DAYS = 30;
const KEEP = "keep";
const NEVER = "never";

/** @param {{ of?: ApiKey, action: string, save: (values: ProgramKeyUpdate) => Promise<void>, onClose: () => void }} props */
export function KeyForm({ of, action, save, onClose }) {
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const [busy, setBusy] = useState(false);
  const submit = async (/** @type {any} */ event) => {
    event.preventDefault();
    const values = valuesOf(new FormData(event.target));
    if (!values.scopes?.length) return setError(new Error("Choose what the key may do."));
    setBusy(true);
    setError(null);
    await save(values).catch((problem) => {
      setError(problem);
      setBusy(false);
    });
  };
  return html`<form class="stack" onSubmit=${submit}>
    <${Name} value=${of?.name ?? ""} error=${error} />
    <fieldset class="key-choices"><legend>What it may do</legend>
      ${SCOPE_NAMES.map((scope) => html`<${Scope} key=${scope} name=${scope} checked=${of ? of.scopes.includes(scope) : scope === "chat"} />`)}
    </fieldset>
    <${Expiry} of=${of} />
    ${error && !isOf(error, "name") ? html`<p class="problem" role="alert">${sentence(error)}</p>` : null}
    <footer class="actions">
      <${Button} onClick=${onClose}>Cancel<//>
      <${Button} type="submit" kind="primary" busy=${busy}>${action}<//>
    </footer>
  </form>`;
}

/** @param {{ value: string, error: unknown }} props */
function Name({ value, error }) {
  const id = useId();
  const wrong = isOf(error, "name");
  return html`<div class="field">
    <label for=${id}>Name</label>
    <input id=${id} name="name" required maxlength="100" autocomplete="off" defaultValue=${value} placeholder="Nightly report"
      aria-invalid=${wrong ? "true" : undefined} aria-describedby=${`${id}-about`} />
    <p id=${`${id}-about`} class=${wrong ? "wrong" : "hint"}>${wrong || "The program that will use it, so that you know later what stops."}</p>
  </div>`;
}

/** @param {{ name: KeyScope, checked: boolean }} props */
function Scope({ name, checked }) {
  const { label, text } = SCOPES[name];
  return html`<label class="key-choice"><input type="checkbox" name="scopes" value=${name} defaultChecked=${checked} />
    <span><b>${label}</b> <code>${name}</code><span class="meta">${text}</span></span></label>`;
}

/** @param {{ of?: ApiKey }} props */
function Expiry({ of }) {
  const now = of ? (of.expires_at ? `As it is: ${day(new Date(of.expires_at))}` : "As it is: never") : "";
  return html`<label class="field"><span>${of ? "Expires" : "Expires after"}</span>
    <select name="days">
      ${now && html`<option value=${KEEP} selected>${now}</option>`}
      ${DAYS.map((days) => html`<option key=${days} value=${days} selected=${!of && days === USUAL_DAYS}>${of ? "In " : ""}${days} days${of ? " from now" : ""}</option>`)}
      <option value=${NEVER}>Never</option>
    </select>
    <p class="hint">A key that never expires works until you revoke it.</p>
  </label>`;
}

/** @param {FormData} form @returns {ProgramKeyUpdate} */
function valuesOf(form) {
  const days = form.get("days");
  const expiry = days === KEEP ? {} : { expires_in_days: days === NEVER ? null : Number(days) };
  return { name: String(form.get("name")), scopes: /** @type {KeyScope[]} */ (form.getAll("scopes")), ...expiry };
}

/** What the server says is wrong with this field. @param {unknown} error @param {string} field */
function isOf(error, field) {
  return error instanceof Refused ? (error.errors.find(({ loc }) => loc.at(-1) === field)?.msg ?? "") : "";
}
