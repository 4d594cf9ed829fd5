// A form as the server describes it. Nothing here knows the name of a field.
import { json } from "../api.js";
import { Icon } from "../icons.js";
import { html, useEffect, useId, useRef, useState } from "../vendor/preact.js";
import { Button } from "./button.js";
import { Field } from "./controls.js";
import { troubleOf, wrongOf } from "./trouble.js";

/** @import { FormInput, FormOption, FormSchema } from "../types.d.ts" */
/** @import { Trouble } from "./trouble.js" */
/** @typedef {Record<string, string | null>} Values null: what stood there was taken away */
/**
 * @typedef {object} SchemaFormProps
 * @property {FormSchema} schema
 * @property {Record<string, any>} [entity] what is changed: a field that is left alone is sent as ""
 * @property {Record<string, any>} [values] what a new one begins with
 * @property {boolean} [isSaved] whether secrets are kept by the server
 * @property {string} [submitLabel]
 * @property {(values: () => Values) => any} [extra] beside the button
 * @property {(values: Values) => Promise<any>} onSubmit
 * @property {(answer: any) => unknown} [onDone]
 */

const ALWAYS_SHOWN = 6;

/** @param {SchemaFormProps} props */
export function SchemaForm({ schema, entity, values = {}, isSaved = false, submitLabel = "Save", extra, onSubmit, onDone }) {
  const [edits, setEdits] = useState(/** @type {Record<string, string>} */ ({}));
  const [trouble, setTrouble] = useState(/** @type {Trouble | null} */ (null));
  const [busy, setBusy] = useState(false);
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  const id = useId();
  useEffect(() => { if (trouble) focusOn(form.current); }, [trouble]);
  const inputs = schema.form_inputs;
  const start = (/** @type {FormInput} */ input) => textOf(input, entity ?? values);
  const now = () => Object.fromEntries(inputs.map((input) => [input.name, sent(input, edits[input.name], entity, start(input))]));
  const valueOf = (/** @type {string} */ name) => valueIn(inputs, edits, start, name);
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (busy || !form.current) return;
    const wrong = wrongOf(form.current);
    setTrouble(wrong);
    if (wrong) return;
    setBusy(true);
    try {
      const answer = await onSubmit(now());
      setEdits({});
      onDone?.(answer);
    } catch (error) {
      setTrouble(troubleOf(error, inputs));
    } finally {
      setBusy(false);
    }
  };
  const field = (/** @type {FormInput} */ input) => html`<${Field} key=${input.name} input=${fitting(input, valueOf)} id=${`${id}-${input.name}`} isSaved=${isSaved}
    value=${valueOf(input.name)} wrong=${trouble?.fields[input.name]}
    set=${(/** @type {string} */ value) => setEdits({ ...edits, [input.name]: value, ...moved(inputs, input.name, value) })} />`;
  const { shown, folded } = parted(inputs, start);
  return html`<form class="stack" ref=${form} noValidate aria-label=${schema.form_name} onSubmit=${submit}>
    ${trouble?.rest && html`<p class="problem" role="alert">${trouble.rest}</p>`}
    ${shown.map(field)}
    <${More}>${folded.map(field)}<//>
    <footer class="actions">${extra?.(now)}<${Button} type="submit" kind="primary" busy=${busy}>${submitLabel}<//></footer>
  </form>`;
}

/** @param {{ children?: any[] }} props */
function More({ children = [] }) {
  if (!children.length) return null;
  return html`<details class="form-more">
    <summary><${Icon} name="right" size=${16} /><span>More settings</span></summary><div class="stack">${children}</div>
  </details>`;
}

/** Where a schema says that it goes to: a path of this server. @param {FormSchema} schema @param {Values} values @param {"POST" | "PUT"} method */
export function submitTo({ submit_path: path }, values, method = "POST") {
  if (!/^\/(?![/\\])/.test(path)) throw new Error("This form does not say where it goes to.");
  return json(path, { method, body: values });
}

/** The first ones, and later ones that somebody has set; then the rest. @param {FormInput[]} inputs @param {(input: FormInput) => string} start */
function parted(inputs, start) {
  const isShown = inputs.map((input, index) => index < ALWAYS_SHOWN || start(input) !== (input.value ?? ""));
  return { shown: inputs.filter((_, index) => isShown[index]), folded: inputs.filter((_, index) => !isShown[index]) };
}

/** @param {FormInput[]} inputs @param {Record<string, string>} edits @param {(input: FormInput) => string} start @param {string} name */
function valueIn(inputs, edits, start, name) {
  const input = inputs.find((one) => one.name === name);
  return input ? edits[name] ?? start(input) : "";
}

/** Without the options that do not go with what other fields have. @param {FormInput} input @param {(name: string) => string} valueOf @returns {FormInput} */
function fitting(input, valueOf) {
  const fits = (/** @type {FormOption} */ { when }) => Object.entries(when ?? {}).every(([name, value]) => valueOf(name) === value);
  return input.options ? { ...input, options: input.options.filter(fits) } : input;
}

/** What was chosen for another value of a field gives way to the first that goes with this one. @param {FormInput[]} inputs @param {string} name @param {string} value */
function moved(inputs, name, value) {
  const bound = inputs.filter(({ options }) => options?.some(({ when }) => when && name in when));
  const first = (/** @type {FormInput} */ { options = [] }) => options?.find(({ when }) => !when || when[name] === value)?.value ?? "";
  return Object.fromEntries(bound.map((input) => [input.name, first(input)]));
}

/** @param {FormInput} input @param {Record<string, any>} known */
function textOf({ name, value }, known) {
  return Object.hasOwn(known, name) ? String(known[name] ?? "") : value ?? "";
}

/** @param {FormInput} input @param {string | undefined} edit @param {Record<string, any> | undefined} entity @param {string} start */
function sent({ name }, edit, entity, start) {
  if (!entity || !Object.hasOwn(entity, name)) return edit ?? start;
  if (edit === undefined || edit === start) return "";
  return edit || null;
}

/** @param {HTMLFormElement | null} form */
function focusOn(form) {
  const first = /** @type {HTMLElement | null | undefined} */ (form?.querySelector("[data-wrong] :is(input, select, textarea, button)"));
  const fold = first?.closest("details");
  if (fold) fold.open = true;
  first?.focus();
}
