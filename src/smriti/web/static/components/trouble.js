// What is wrong with a form: at which field, and what no field can be blamed for.
import { Refused, sentence } from "../api.js";

/** @import { FormInput } from "../types.d.ts" */
/** @typedef {{ fields: Record<string, string>, rest: string }} Trouble */

/** What the browser can tell by itself. @param {HTMLFormElement} form @returns {Trouble | null} */
export function wrongOf(form) {
  /** @type {Record<string, string>} */
  const fields = {};
  for (const control of form.elements) {
    if (!(control instanceof HTMLInputElement || control instanceof HTMLTextAreaElement)) continue;
    const { valid, stepMismatch } = control.validity;
    if (!valid && !stepMismatch && control.name) fields[control.name] = control.validationMessage;
  }
  return Object.keys(fields).length ? { fields, rest: "" } : null;
}

/** What the server has said. @param {unknown} error @param {FormInput[]} inputs @returns {Trouble} */
export function troubleOf(error, inputs) {
  if (!(error instanceof Refused)) return { fields: {}, rest: sentence(error) };
  return error.errors.length ? byPlace(error, inputs) : byName(error, inputs);
}

/** @param {Refused} error @param {FormInput[]} inputs @returns {Trouble} */
function byPlace({ errors }, inputs) {
  const names = inputs.map(({ name }) => name);
  /** @type {Record<string, string>} */
  const fields = {};
  const rest = [];
  for (const { loc, msg } of errors) {
    const name = loc.map(String).findLast((part) => names.includes(part));
    if (name === undefined) rest.push(`${loc.at(-1)}: ${msg}`);
    else fields[name] ??= msg;
  }
  return { fields, rest: rest.join(" · ") };
}

/** A sentence that names fields is theirs. @param {Refused} error @param {FormInput[]} inputs @returns {Trouble} */
function byName(error, inputs) {
  const named = inputs.filter(({ name }) => error.message.includes(`'${name}'`));
  if (!named.length) return { fields: {}, rest: sentence(error) };
  const text = named.reduce((said, { name, label }) => said.replaceAll(`'${name}'`, `“${label}”`), error.message);
  return { fields: Object.fromEntries(named.map(({ name }) => [name, text])), rest: "" };
}
