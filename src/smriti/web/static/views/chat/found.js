// What the server finds beyond the titles that are listed: older conversations, and what was said.
import { json } from "../../api.js";
import { link } from "../../router.js";
import { html, useEffect, useState } from "../../vendor/preact.js";

/** @import { Conversation, SearchHit, SearchResults } from "../../types.d.ts" */

const AFTER_MS = 250;

/** @param {{ words: string, listed: Conversation[] }} props */
export function View({ words, listed }) {
  const [hits, setHits] = useState(/** @type {SearchHit[] | null} */ (null));
  useEffect(() => {
    const leaving = new AbortController();
    const timer = setTimeout(() => search(words, leaving.signal).then(setHits, () => {}), AFTER_MS);
    return () => {
      clearTimeout(timer);
      leaving.abort();
    };
  }, [words]);
  const isListed = (/** @type {SearchHit} */ { kind, id }) => kind === "conversation" && listed.some(({ conversation_id }) => conversation_id === id);
  const shown = hits?.filter((hit) => (hit.kind === "message" || hit.kind === "conversation") && hit.conversation_id && !isListed(hit));
  if (!shown) return null;
  if (!shown.length) return html`<p class="meta chat-none">Nothing else was said about this.</p>`;
  return html`<section class="chat-day">
    <h2 class="meta">Said about it</h2>
    <ul class="chat-rows">${shown.map((hit) => html`<li key=${`${hit.kind} ${hit.id}`}><a class="chat-hit" href=${addressOf(hit)}>
      <span class="name">${hit.title}</span><span class="meta name">${hit.text}</span>
    </a></li>`)}</ul>
  </section>`;
}

/** @param {SearchHit} hit */
function addressOf({ kind, id, conversation_id }) {
  const chat = link("c", conversation_id ?? "");
  return kind === "message" ? `${chat}?m=${encodeURIComponent(id)}` : chat;
}

/** @param {string} words @param {AbortSignal} signal @returns {Promise<SearchHit[]>} */
async function search(words, signal) {
  /** @type {SearchResults} */
  const { items } = await json(`/search?${new URLSearchParams({ q: words, limit: "20" })}`, { signal });
  return items;
}
