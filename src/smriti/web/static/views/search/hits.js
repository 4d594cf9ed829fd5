// What the server finds: asked a moment after the last key, the question before is given up.
import { json } from "../../api.js";
import { Time } from "../../components/time.js";
import { link } from "../../router.js";
import { html, useEffect, useState } from "../../vendor/preact.js";

/** @import { IconName } from "../../icons.js" */
/** @import { Kind, SearchHit, SearchResults } from "../../types.d.ts" */
/** @import { Choice, Group } from "./options.js" */
/** @typedef {SearchResults & { query: string }} Found */

const PAUSE_MS = 120;
const MOST = 20;
const EMPHASIS = /`|(?<![\w*])\*{1,2}(?=\S|$)|(?<=\S|^)\*{1,2}(?![\w*])/g;
/** @type {Found} */
const NOTHING = { query: "", items: [], partial: false };
/** @type {Record<Kind, { name: string, icon: IconName, href: (hit: SearchHit, query: string) => string }>} */
const KINDS = {
  message: { name: "Messages", icon: "chat", href: (hit) => `${talkOf(hit)}?${new URLSearchParams({ m: hit.id })}` },
  memory: { name: "Memories", icon: "archive", href: (hit, query) => `${link("memory", hit.agent_id, "archive")}?${new URLSearchParams({ q: query })}` },
  conversation: { name: "Conversations", icon: "chat", href: talkOf },
  agent: { name: "Agents", icon: "agent", href: (hit) => link("agents", hit.agent_id) },
};

/** @param {string} query @returns {{ results: Found, error: unknown }} the results of the question before stay until others come */
export function useHits(query) {
  const [found, setFound] = useState({ results: NOTHING, error: /** @type {unknown} */ (null) });
  const words = query.trim();
  useEffect(() => {
    if (!words) return setFound({ results: NOTHING, error: null });
    const stop = new AbortController();
    const timer = setTimeout(() => {
      ask(words, stop.signal).then(
        (results) => setFound({ results, error: null }),
        (error) => { if (!stop.signal.aborted) setFound({ results: NOTHING, error }); },
      );
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [words]);
  return found;
}

/** @param {string} query @param {AbortSignal} signal @returns {Promise<Found>} */
async function ask(query, signal) {
  /** @type {SearchResults} */
  const answer = await json(`/search?${new URLSearchParams({ q: query, limit: String(MOST) })}`, { signal });
  return { ...answer, query };
}

/** By kind, the kind of the best hit first. @param {Found} found @returns {Group[]} */
export function hitGroups({ items, query }) {
  /** @type {Map<Kind, Choice[]>} */
  const groups = new Map();
  for (const hit of items) {
    groups.set(hit.kind, [...(groups.get(hit.kind) ?? []), choiceOf(hit, query)]);
  }
  return [...groups].map(([kind, choices]) => ({ name: KINDS[kind].name, choices }));
}

/** @param {SearchHit} hit @param {string} query @returns {Choice} */
function choiceOf(hit, query) {
  const { icon, href } = KINDS[hit.kind];
  return {
    id: `${hit.kind}-${hit.id}`,
    icon,
    label: hit.title,
    about: hit.text && lit(hit.text, hit.highlights),
    aside: html`<${Time} at=${hit.created_at} />`,
    href: href(hit, query),
  };
}

/** @param {SearchHit} hit */
function talkOf({ conversation_id: conversation }) {
  return link("c", conversation ?? "");
}

/** The text with what matches marked, and without Markdown's signs of emphasis. Places are counted in whole characters, not in halves of them. @param {string} text @param {[number, number][]} places */
export function lit(text, places) {
  const characters = [...text];
  const part = (/** @type {number} */ from, /** @type {number} */ to) => characters.slice(from, to).join("").replace(EMPHASIS, "");
  let done = 0;
  const pieces = [];
  for (const [from, to] of places) {
    pieces.push(part(done, from), html`<mark key=${from}>${part(from, to)}</mark>`);
    done = to;
  }
  return [...pieces, part(done, characters.length)];
}
