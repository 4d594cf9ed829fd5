// What keeps a conversation that is looked at as it is elsewhere: other tabs, other browsers.
import { Refused, Unreachable } from "../api.js";
import { effect } from "../vendor/preact.js";
import { pauseMs } from "./pauses.js";
import { changed } from "./store.js";
import { onTold, visible } from "./tabs.js";

/** @import { Talk } from "./talk.js" */

const LOOK_MS = 60000;
const TITLE_MS = [1000, 3000, 8000];
const UNTITLED = "New conversation";

/** @param {Talk} talk */
export function watched(talk) {
  const look = looking(talk);
  const timer = setInterval(look, LOOK_MS);
  let isFirst = true;
  const unwatch = effect(() => {
    if (visible.value && !isFirst) look();
    isFirst = false;
  });
  const unload = loading(talk);
  const off = onTold(({ kind, conversation, turn, text }) => {
    if (kind !== "asked" || conversation !== talk.conversation || talk.ear.hears(turn)) return;
    talk.history.waiting.set(turn, text);
    talk.sync();
  });
  return () => {
    clearInterval(timer);
    unwatch();
    unload();
    off();
  };
}

/** As soon as a server may be back that did not answer. @param {Talk} talk */
function loading(talk) {
  let failures = 0;
  return effect(() => {
    if (!(talk.problem.value instanceof Unreachable) || talk.isLoaded.peek()) return;
    const timer = setTimeout(() => talk.sync(), pauseMs(failures++));
    return () => clearTimeout(timer);
  });
}

/** @param {Talk} talk */
function looking(talk) {
  let restsUntil = 0;
  return async () => {
    if (Date.now() < restsUntil || !visible.peek() || !talk.isLoaded.peek() || talk.isBusy.peek()) return;
    try {
      if (await talk.history.hasNews()) await talk.sync();
    } catch (error) {
      restsUntil = Date.now() + 1000 * restS(error);
    }
  };
}

/** @param {unknown} error */
const restS = (error) => (error instanceof Refused && error.retryAfterS) || 0;

/** A conversation is named by the model, soon after its first answer. @param {Talk} talk */
export async function named(talk) {
  if (talk.about.data.peek()?.title !== UNTITLED) return;
  for (const ms of TITLE_MS) {
    await new Promise((resolve) => { setTimeout(resolve, ms); });
    await talk.about.load().catch(() => {});
    if (talk.about.data.peek()?.title !== UNTITLED) return changed("/conversations/");
  }
}
