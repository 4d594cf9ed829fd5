// What stands in the place of something that is not there yet, or could not be had.
import { sentence } from "../../api.js";
import { Button } from "../../components/button.js";
import { html } from "../../vendor/preact.js";
import { Skeleton } from "../lazy.js";

/** @param {{ of: import("../../state/store.js").Resource<any>, lines?: number }} props */
export function Waiting({ of, lines = 3 }) {
  const error = of.error.value;
  if (!error) return html`<${Skeleton} lines=${lines} />`;
  return html`<div class="stack" role="alert">
    <p class="problem">${sentence(error)}</p>
    <div><${Button} icon="retry" onClick=${() => of.load()}>Try again<//></div>
  </div>`;
}
