// Which view the address names. What the hash holds is `#/{name}/{ids…}?{query}`.
import { computed, signal } from "./vendor/preact.js";

/** @import { ReadonlySignal } from "./vendor/preact.js" */
/**
 * @typedef {{ name: string, pattern: string, params: Record<string, string>, query: URLSearchParams }} Route
 * @typedef {{ params: Record<string, string>, query: URLSearchParams }} ViewProps
 * @typedef {{ View: (props: any) => any, title?: string | ((props: ViewProps) => string) }} ViewModule
 * @typedef {() => Promise<ViewModule>} Loader
 */

/**
 * Every view, by its pattern; a part adds its lines below its own comment, as in
 *   "agents/:agent": () => import("./views/builder/agent.js"),
 * and nowhere else. A module exports `View({ params, query })` and `title`. Of two patterns that
 * match, the first one counts: words before `:names`. The navigation shows what stands here.
 * @type {Record<string, Loader>}
 */
export const routes = {
  // chat: "" · c/:conversation · new/:agent → views/chat/chat.js
  "": () => import("./views/chat/start.js"),
  "c/:conversation": () => import("./views/chat/chat.js"),
  "new": () => import("./views/chat/new.js"),
  "new/:agent": () => import("./views/chat/new.js"),

  // memory: memory/:agent · memory/:agent/archive · memory/:agent/:block → views/memory/memory.js
  memory: () => import("./views/memory/memory.js"),
  "memory/:agent": () => import("./views/memory/memory.js"),
  "memory/:agent/archive": () => import("./views/memory/archive.js"),
  "memory/:agent/:block": () => import("./views/memory/memory.js"),

  // builder: welcome · agents · agents/new · agents/:agent · models · settings → views/{welcome,builder/…,models}.js
  welcome: () => import("./views/welcome/welcome.js"),
  agents: () => import("./views/builder/agents.js"),
  "agents/new": () => import("./views/builder/new.js"),
  "agents/:agent": () => import("./views/builder/agent.js"),
  models: () => import("./views/models/models.js"),
  settings: () => import("./views/models/models.js"),

  // machines: context/:conversation · devices · devices/:device · tasks/:session → views/{context,devices/…}.js
  "context/:conversation": () => import("./views/context.js"),
  devices: () => import("./views/devices/devices.js"),
  "devices/:device": () => import("./views/devices/device.js"),
  "tasks/:session": () => import("./views/devices/task.js"),

  // account: keys · plan · pricing · payments/success · payments/cancel · account → views/{keys,plan/…,account}.js
  "keys": () => import("./views/keys.js"),
  "plan": () => import("./views/plan/plan.js"),
  "pricing": () => import("./views/plan/plan.js"),
  "payments/success": () => import("./views/plan/success.js"),
  "payments/cancel": () => import("./views/plan/cancelled.js"),
  "account": () => import("./views/account.js"),

};

/**
 * What the shell shows beside a view: chat adds `conversations` (the list in the navigation), account
 * `search` (the dialog of Ctrl-K, with the properties `typed` and `onClose`), each as a module that exports `View`.
 * @type {Record<string, Loader>}
 */
export const panels = {
  // chat
  conversations: () => import("./views/chat/conversations.js"),

  // memory: beside a chat, with the properties `talk` and `onClose`
  memory: () => import("./views/memory/panel.js"),

  // account
  "search": () => import("./views/search.js"),

};

const hash = signal(location.hash);
addEventListener("hashchange", () => { hash.value = location.hash; });

/** @type {ReadonlySignal<Route>} */
export const route = computed(() => parsed(hash.value));

/**
 * Go to `#/…`. `replace`: in place of the view that asks for it, unless somebody has just gone elsewhere, of which
 * nobody has heard yet. @param {string} to @param {{ replace?: boolean }} [options]
 */
export function go(to, { replace = false } = {}) {
  if (replace && location.hash !== hash.peek()) return;
  if (replace) history.replaceState(null, "", to);
  else history.pushState(null, "", to);
  hash.value = location.hash;
}

/** The address of a view. @param {string} name @param {...string} ids */
export function link(name, ...ids) {
  return `#/${[name, ...ids.map(encodeURIComponent)].join("/")}`;
}

/** @param {string} text @returns {Route} */
function parsed(text) {
  const [path = "", query = ""] = text.replace(/^#\/?/, "").split("?");
  const segments = path.split("/").filter(Boolean).map(decoded);
  for (const pattern of Object.keys(routes)) {
    const params = matched(pattern.split("/").filter(Boolean), segments);
    if (params) return { name: nameOf(pattern), pattern, params, query: new URLSearchParams(query) };
  }
  return { name: segments[0] ?? "", pattern: "?", params: {}, query: new URLSearchParams(query) };
}

/** @param {string[]} pattern @param {string[]} segments @returns {Record<string, string> | null} */
function matched(pattern, segments) {
  if (pattern.length !== segments.length) return null;
  /** @type {Record<string, string>} */
  const params = {};
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index] ?? "";
    if (part.startsWith(":")) params[part.slice(1)] = segment;
    else if (part !== segment) return null;
  }
  return params;
}

/** The words that a pattern begins with. @param {string} pattern */
const nameOf = (pattern) => pattern.replace(/\/?:.*$/, "");

/** @param {string} segment */
function decoded(segment) {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
