// Small things that the pages of machines share.
import { Refused, sentence } from "../../api.js";
import { Button } from "../../components/button.js";
import { Icon } from "../../icons.js";
import { html, useId } from "../../vendor/preact.js";
import { Skeleton } from "../lazy.js";

/** @import { IconName } from "../../icons.js" */
/** @import { Loaded } from "../../state/loaded.js" */
/** @import { SessionStatus } from "../../types.d.ts" */

/** @type {Record<SessionStatus, { word: string, tone: string, icon?: IconName }>} */
const STATUS = {
  queued: { word: "waits in line", tone: "" },
  running: { word: "running", tone: "" },
  waiting: { word: "waits for you", tone: "warn", icon: "warning" },
  completed: { word: "done", tone: "good", icon: "check" },
  failed: { word: "failed", tone: "bad", icon: "warning" },
  cancelled: { word: "cancelled", tone: "", icon: "stop" },
};

/** @param {{ status: SessionStatus }} props */
export function Status({ status }) {
  const { word, tone, icon } = STATUS[status];
  return html`<span class=${`chip ${tone}`}>${icon && html`<${Icon} name=${icon} size=${14} />`}${word}</span>`;
}

/** @param {{ online: boolean }} props */
export function Online({ online }) {
  return html`<span class=${online ? "machines-state on" : "machines-state"}>${online ? "online" : "offline"}</span>`;
}

/** In place of what has not been loaded, or cannot be. @param {{ of: Loaded, missing: any }} props `missing`: when there is no such thing */
export function Awaited({ of, missing }) {
  const error = of.error.value;
  if (!error) return html`<${Skeleton} />`;
  if (error instanceof Refused && error.status === 404) return missing;
  return html`<section class="empty" role="alert"><h1>This could not be loaded</h1>
    <p>${sentence(error)}</p>
    <${Button} kind="primary" icon="retry" onClick=${() => of.load()}>Try again<//>
  </section>`;
}

/**
 * A control with its name, and what is to be known about it.
 * @param {{ name: any, hint?: any, wrong?: boolean, children?: any }} props `children`: the control, given what ties it to both
 */
export function Field({ name, hint, wrong = false, children }) {
  const id = useId();
  return html`<div class="field"><label for=${id}>${name}</label>
    ${children({ "id": id, "aria-describedby": hint && `${id}-hint` })}
    ${hint && html`<p id=${`${id}-hint`} class=${wrong ? "wrong" : "hint"}>${hint}</p>`}
  </div>`;
}

/** @param {{ type?: "checkbox" | "radio", name: string, hint?: string, checked: boolean, set: (checked: boolean) => void, group?: string }} props */
export function Check({ type = "checkbox", name, hint, checked, set, group }) {
  const id = useId();
  return html`<div class="machines-check">
    <input type=${type} id=${id} name=${group} checked=${checked} aria-describedby=${hint && `${id}-hint`} onChange=${(/** @type {any} */ event) => set(event.currentTarget.checked)} />
    <div><label for=${id}>${name}</label>${hint && html`<p id=${`${id}-hint`} class="hint">${hint}</p>`}</div>
  </div>`;
}

/** @param {{ title: string, text: string }} props */
export function Missing({ title, text }) {
  return html`<section class="empty"><h1>${title}</h1><p>${text}</p>
    <a class="button primary" href="#/devices">Your devices</a>
  </section>`;
}
