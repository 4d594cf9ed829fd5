// Your machines as they are now: the list, and whatever the server tells of one of them since.
import { Refused } from "../../api.js";
import { announce } from "../../components/notices.js";
import { resource } from "../../state/store.js";
import { watch } from "../../stream.js";
import { signal, useEffect } from "../../vendor/preact.js";

/** @import { Resource } from "../../state/store.js" */
/** @import { Signal } from "../../vendor/preact.js" */
/** @import { DeviceView } from "../../types.d.ts" */

const POLL_MS = 30000;
const PATIENCE_MS = 3000;
let doubt = 0;

/** @type {Resource<DeviceView[]>} */
export const devices = resource("/devices");
/** @type {Signal<boolean>} */
export const isLive = signal(true);

/** What its owner calls it. @param {string} id @returns {string} */
export function nameOf(id) {
  return devices.data.value?.find(({ client_id }) => client_id === id)?.label || id;
}

/** Keeps the list as it is while a view shows it. */
export function useLive() {
  useEffect(() => {
    const shown = new AbortController();
    isLive.value = true;
    keep(shown.signal).catch(() => {});
    return () => {
      clearTimeout(doubt);
      shown.abort();
    };
  }, []);
}

/** Tabs share four streams: where there is none left, ask from time to time. @param {AbortSignal} signal */
async function keep(signal) {
  while (!signal.aborted) {
    try {
      for await (const event of watch("/devices/events", { signal })) await hear(event);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
    }
    await new Promise((resolve) => { setTimeout(resolve, POLL_MS); });
    if (!signal.aborted) await loaded();
  }
}

/** @param {any} event a device, or how the connection is */
async function hear(event) {
  if (event.event_type === "CONNECTION") return connected(event.state === "back");
  await put(/** @type {DeviceView} */ (event));
}

/** A stream ends every ten minutes and goes on at once; who was forgotten meanwhile is not told. @param {boolean} isBack */
async function connected(isBack) {
  clearTimeout(doubt);
  if (!isBack) doubt = setTimeout(() => { isLive.value = false; }, PATIENCE_MS);
  else {
    isLive.value = true;
    await loaded();
  }
}

/** The list; what went wrong is told where it is shown. */
const loaded = () => devices.load().catch(() => /** @type {DeviceView[]} */ ([]));

/** @param {DeviceView} told */
async function put(told) {
  const before = devices.data.peek() ?? await loaded();
  const known = before.find(({ client_id }) => client_id === told.client_id);
  devices.set(known ? before.map((one) => (one === known ? told : one)) : [...before, told]);
  if (known && known.online !== told.online) announce(`${nameOf(told.client_id)} is ${told.online ? "online" : "offline"}.`);
}
