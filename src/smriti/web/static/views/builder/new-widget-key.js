// A new public key: for which sites, and whether visitors need a name.
import { json } from "../../api.js";
import { Button } from "../../components/button.js";
import { troubleOf } from "../../components/trouble.js";
import { changed } from "../../state/store.js";
import { html, useEffect, useId, useRef, useState } from "../../vendor/preact.js";

/** @import { Agent, FormInput } from "../../types.d.ts" */
/** @import { Trouble } from "../../components/trouble.js" */

const FIELDS = [
  { name: "name", label: "Name of the site", about: "Visitors see it as the agent's name.", attributes: { required: true, maxlength: 100 } },
  { name: "allowed_origins", label: "Its addresses", about: "Separated by spaces. None: any site may use the key.", attributes: { placeholder: "https://shop.example" } },
  { name: "welcome_message", label: "What it says first", about: "May stay empty.", attributes: { maxlength: 500, placeholder: "Hello! What can I do for you?" } },
];
const INPUTS = FIELDS.map(({ name, label }) => /** @type {FormInput} */ ({ input_type: "text", name, label, value: null, values: null, options: null, attr: null }));

/** @param {{ agent: Agent, onClose: () => void }} props */
export function NewKey({ agent, onClose }) {
  const [trouble, setTrouble] = useState(/** @type {Trouble | null} */ (null));
  const [busy, setBusy] = useState(false);
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  useEffect(() => { form.current?.querySelector("input")?.focus(); }, []);
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (!form.current || busy) return;
    setBusy(true);
    try {
      await json(`/agents/${encodeURIComponent(agent.agent_id)}/api-keys`, { method: "POST", body: wanted(new FormData(form.current)) });
      changed("/agents");
      onClose();
    } catch (error) {
      setTrouble(troubleOf(error, INPUTS));
      setBusy(false);
    }
  };
  return html`<form class="card stack" ref=${form} onSubmit=${submit} aria-label="A key for a site">
    ${trouble?.rest && html`<p class="problem" role="alert">${trouble.rest}</p>`}
    ${FIELDS.map((field) => html`<${Line} key=${field.name} ...${field} wrong=${trouble?.fields[field.name]} />`)}
    <label class="builder-check"><input type="checkbox" name="allow_anonymous" defaultChecked />
      <span>Visitors need no name<span class="hint">Otherwise they sign in with Google first.</span></span></label>
    <footer class="actions"><${Button} onClick=${onClose}>Cancel<//><${Button} type="submit" kind="primary" busy=${busy}>Make the key<//></footer>
  </form>`;
}

/** @param {{ name: string, label: string, about: string, attributes: object, wrong?: string }} props */
function Line({ name, label, about, attributes, wrong }) {
  const id = useId();
  return html`<div class="field"><label for=${id}>${label}</label>
    <input id=${id} name=${name} ...${attributes} aria-invalid=${wrong ? "true" : undefined} aria-describedby=${`${id}-about`} />
    <p id=${`${id}-about`} class=${wrong ? "wrong" : "hint"} role=${wrong ? "alert" : undefined}>${wrong ?? about}</p></div>`;
}

/** @param {FormData} data */
function wanted(data) {
  const text = (/** @type {string} */ name) => String(data.get(name) ?? "").trim();
  return {
    name: text("name"),
    allowed_origins: text("allowed_origins").split(/[\s,]+/).filter(Boolean),
    allow_anonymous: data.has("allow_anonymous"),
    welcome_message: text("welcome_message") || null,
  };
}
