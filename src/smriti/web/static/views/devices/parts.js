// Small things that the pages of machines share.
import { Refused, sentence } from "../../api.js";
import { Button } from "../../components/button.js";
import { Icon } from "../../icons.js";
import { html } from "../../vendor/preact.js";
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

/** @param {{ title: string, text: string }} props */
export function Missing({ title, text }) {
  return html`<section class="empty"><h1>${title}</h1><p>${text}</p>
    <a class="button primary" href="#/devices">Your devices</a>
  </section>`;
}
