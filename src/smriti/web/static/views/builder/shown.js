// Lines until it is there, the reason when it does not come, else what came.
import { sentence } from "../../api.js";
import { Button } from "../../components/button.js";
import { html } from "../../vendor/preact.js";
import { Skeleton } from "../lazy.js";

/** @template T @param {{ of: import("../../state/store.js").Resource<T>, lines?: number, children?: (data: T) => any }} props */
export function Shown({ of, lines = 3, children }) {
  const data = of.data.value;
  if (data !== undefined) return children?.(data);
  if (!of.error.value) return html`<${Skeleton} lines=${lines} />`;
  return html`<div class="stack"><p class="problem" role="alert">${sentence(of.error.value)}</p>
    <div><${Button} icon="retry" onClick=${() => of.load()}>Try again<//></div></div>`;
}
