// One control for each type of field that a server may describe; a type that nobody knows is a text.
import { html, useState } from "../vendor/preact.js";
import { Button } from "./button.js";
import { Combobox } from "./combobox.js";
import { FileValue } from "./file-value.js";
import { Pairs } from "./pairs.js";

/** @import { FormInput, FormOption } from "../types.d.ts" */
/**
 * @typedef {object} ControlProps
 * @property {FormInput} input
 * @property {string} id
 * @property {string} value
 * @property {(value: string) => void} set
 * @property {boolean} isSaved a secret of it is kept by the server
 * @property {Record<string, string | undefined>} about what tells that the value is wrong, and why
 */

const MOST_IN_A_LIST = 12;
const PASSED = ["min", "max", "step", "minlength", "maxlength", "pattern", "placeholder", "autocomplete", "rows", "inputmode"];
const TYPES = ["number", "url", "email", "tel", "date", "time", "datetime-local", "month", "week", "color", "search"];
/** @type {Record<string, (props: ControlProps) => any>} */
const CONTROLS = { text_area: TextArea, password: Password, select: Select, choice: Choice, key_value: Pairs, file_upload: FileValue };
const GROUPS = ["choice", "key_value", "file_upload"];

/** A field: its name, its control, what is wrong with it. @param {Omit<ControlProps, "about"> & { wrong?: string }} props */
export function Field({ wrong, ...props }) {
  const { input, id } = props;
  const Control = Object.hasOwn(CONTROLS, input.input_type) ? CONTROLS[input.input_type] : Text;
  /** @type {Record<string, string | undefined>} */
  const about = wrong ? { "aria-invalid": "true", "aria-describedby": `${id}-wrong` } : {};
  const inside = html`<${Control} ...${props} about=${about} />
    ${wrong && html`<p class="wrong" id=${`${id}-wrong`}>${wrong}</p>`}`;
  if (GROUPS.includes(input.input_type)) {
    return html`<fieldset class="field" data-wrong=${wrong ? "" : undefined} aria-describedby=${about["aria-describedby"]}><legend>${input.label}</legend>${inside}</fieldset>`;
  }
  return html`<div class="field" data-wrong=${wrong ? "" : undefined}><label for=${id}>${input.label}</label>${inside}</div>`;
}

/** What can be chosen; labels win over plain values. @param {FormInput} input @returns {FormOption[]} */
export function optionsOf({ options, values }) {
  return options ?? (values ?? []).map((value) => ({ value, label: value, when: null }));
}

/** @param {(value: string) => void} set */
const typed = (set) => (/** @type {any} */ event) => set(event.target.value);

/** The server's hints that are attributes of a control. @param {FormInput} input */
function attributes({ attr }) {
  return Object.fromEntries(Object.entries(attr ?? {}).filter(([name]) => PASSED.includes(name)));
}

/** @param {ControlProps} props */
function Text({ input, id, value, set, about }) {
  const type = input.attr?.type ?? "";
  return html`<input id=${id} name=${input.name} ...${attributes(input)} type=${TYPES.includes(type) ? type : "text"}
    step=${type === "number" ? input.attr?.step ?? "any" : input.attr?.step} value=${value} onInput=${typed(set)} ...${about} />`;
}

/** @param {ControlProps} props */
function TextArea({ input, id, value, set, about }) {
  return html`<textarea id=${id} name=${input.name} class="form-text" rows="4" ...${attributes(input)} value=${value} onInput=${typed(set)} ...${about} />`;
}

/** @param {ControlProps} props */
function Password({ input, id, value, set, isSaved, about }) {
  const [shown, show] = useState(false);
  const hints = { autocomplete: "off", placeholder: isSaved ? "Saved. Leave it empty to keep it." : undefined, ...attributes(input) };
  return html`<div class="form-beside">
    <input id=${id} name=${input.name} ...${hints} type=${shown ? "text" : "password"} spellcheck=${false} value=${value} onInput=${typed(set)} ...${about} />
    <${Button} label=${`${shown ? "Hide" : "Show"}: ${input.label}`} aria-pressed=${shown} onClick=${() => show(!shown)}>${shown ? "Hide" : "Show"}<//>
  </div>`;
}

/** What is the value, though it is not offered, is offered too. @param {ControlProps} props */
function Select(props) {
  const { input, id, value, set, about } = props;
  const offered = optionsOf(input);
  if (offered.length > MOST_IN_A_LIST) return html`<${Combobox} ...${props} options=${offered} />`;
  const isOffered = offered.some((option) => option.value === value);
  const here = { value, label: value ? `${value} (not offered any more)` : "Not chosen" };
  return html`<select id=${id} name=${input.name} onChange=${typed(set)} ...${about}>
    ${(isOffered ? offered : [here, ...offered]).map((option) => html`<option key=${option.value} value=${option.value} selected=${option.value === value}>
      ${option.label}</option>`)}
  </select>`;
}

/** @param {ControlProps} props */
function Choice({ input, id, value, set, about }) {
  return html`<div class="form-choices" role="radiogroup" aria-label=${input.label} ...${about}>
    ${optionsOf(input).map((option) => html`<label key=${option.value}>
      <input type="radio" name=${id} value=${option.value} checked=${option.value === value} onChange=${() => set(option.value)} />
      <span>${option.label}</span>
    </label>`)}
  </div>`;
}
