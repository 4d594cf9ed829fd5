// A file as the value of a field: a data URL, which says of what type it is.
import { html, useState } from "../vendor/preact.js";
import { Button } from "./button.js";
import { Drop, size } from "./file.js";

/** @import { ControlProps } from "./controls.js" */

const MOST_BYTES = 5e6;

/** @param {ControlProps} props */
export function FileValue({ value, set }) {
  const [chosen, choose] = useState("");
  const [problem, setProblem] = useState("");
  const take = async (/** @type {File[]} */ [file]) => {
    if (!file) return;
    const isTooLarge = file.size > MOST_BYTES;
    setProblem(isTooLarge ? `${file.name} has ${size(file.size)}; up to ${size(MOST_BYTES)} can be sent.` : "");
    if (isTooLarge) return;
    set(await dataUrl(file));
    choose(`${file.name}, ${size(file.size)}`);
  };
  return html`<div class="stack">
    ${value && chosen ? html`<p class="row"><span class="name">${chosen}</span>
      <${Button} icon="trash" onClick=${() => set("")}>Remove<//></p>` : html`<${Drop} onFiles=${take} />`}
    ${problem && html`<p class="wrong" role="alert">${problem}</p>`}
  </div>`;
}

/** @param {File} file @returns {Promise<string>} */
function dataUrl(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(new Error(`${file.name} cannot be read.`));
    reader.readAsDataURL(file);
  });
}
