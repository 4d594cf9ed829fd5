// What tabs of one browser tell each other, and whether somebody looks and the network is there.
import { signal } from "../vendor/preact.js";

/** @import { ReadonlySignal } from "../vendor/preact.js" */
/** @typedef {{ kind: string, [member: string]: any }} Told */

const channel = new BroadcastChannel("smriti");
const shown = signal(document.visibilityState === "visible");
const connected = signal(navigator.onLine);

document.addEventListener("visibilitychange", () => { shown.value = document.visibilityState === "visible"; });
addEventListener("online", () => { connected.value = true; });
addEventListener("offline", () => { connected.value = false; });

/** @type {ReadonlySignal<boolean>} */
export const visible = shown;
/** @type {ReadonlySignal<boolean>} */
export const online = connected;

/** Tell the other tabs. @param {Told} message */
export function tell(message) {
  channel.postMessage(message);
}

/** Hear the other tabs; the result stops it. @param {(message: Told) => void} listener */
export function onTold(listener) {
  const hear = (/** @type {MessageEvent<Told>} */ { data }) => listener(data);
  channel.addEventListener("message", hear);
  return () => channel.removeEventListener("message", hear);
}
