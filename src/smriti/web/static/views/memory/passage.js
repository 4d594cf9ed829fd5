// A passage of the archive: what matches a search is lit, a long one is cut where it matches.
import { Button } from "../../components/button.js";
import { Time } from "../../components/time.js";
import { link, routes } from "../../router.js";
import { html, useState } from "../../vendor/preact.js";

/** @import { FoundMemory } from "../../types.d.ts" */

const SHOWN = 600;
const BEFORE_A_MATCH = 120;

/**
 * @typedef {{ text: string, lit: boolean }} Stretch
 * @param {{ passage: FoundMemory, onEdit: () => void, onDelete: () => void, onTag: (tag: string) => void }} props
 */
export function Passage({ passage, onEdit, onDelete, onTag }) {
  const [whole, setWhole] = useState(false);
  const cut = excerpt(passage, whole);
  return html`<article class="memory-passage">
    <p class="memory-content">${cut.stretches.map(({ text, lit }) => (lit ? html`<mark>${text}</mark>` : text))}
      ${(cut.isCut || whole) && html` <button type="button" class="as-link" onClick=${() => setWhole(!whole)}>${whole ? "Show less" : "Show all"}</button>`}
    </p>
    <footer>
      <p class="meta"><${Time} at=${passage.created_at} />${passage.author && html` · <span class="name">${passage.author}</span>`}
        <${Source} passage=${passage} /></p>
      ${passage.tags.length > 0 && html`<ul class="memory-tags" aria-label="Tags">${passage.tags.map((tag) => html`<li key=${tag}>
        <button type="button" class="chip" title="Only passages with this tag" onClick=${() => onTag(tag)}>${tag}</button></li>`)}</ul>`}
      <span class="memory-buttons">
        <${Button} kind="quiet" icon="edit" label="Edit this passage" onClick=${onEdit} />
        <${Button} kind="quiet" icon="trash" label="Delete this passage" onClick=${onDelete} />
      </span>
    </footer>
  </article>`;
}

/** @param {{ passage: FoundMemory }} props */
function Source({ passage: { conversation_id: conversation, turn_id: turn } }) {
  if (!conversation || !turn || !("c/:conversation" in routes)) return null;
  return html` · <a href=${link("c", conversation)}>from a conversation</a>`;
}

/** What is shown of a passage. Its highlights count characters, not halves of them. @param {FoundMemory} passage @param {boolean} whole */
export function excerpt({ content, highlights }, whole) {
  const characters = [...content];
  const first = highlights[0]?.[0] ?? 0;
  const isLong = !whole && characters.length > SHOWN;
  const from = isLong ? Math.max(0, Math.min(first - BEFORE_A_MATCH, characters.length - SHOWN)) : 0;
  const to = isLong ? from + SHOWN : characters.length;
  const dots = (/** @type {boolean} */ isCut) => (isCut ? [{ text: " … ", lit: false }] : []);
  const stretches = [...dots(from > 0), ...lit(characters, highlights, from, to), ...dots(to < characters.length)];
  return { isCut: isLong, stretches };
}

/** @param {string[]} characters @param {[number, number][]} highlights @param {number} from @param {number} to @returns {Stretch[]} */
function lit(characters, highlights, from, to) {
  /** @type {Stretch[]} */
  const all = [];
  let at = from;
  const upTo = (/** @type {number} */ end, /** @type {boolean} */ isLit) => {
    const text = characters.slice(at, end).join("");
    if (text) all.push({ text, lit: isLit });
    at = Math.max(at, end);
  };
  for (const [start, end] of highlights) {
    if (end <= at || start >= to) continue;
    upTo(Math.max(at, start), false);
    upTo(Math.min(to, end), true);
  }
  upTo(to, false);
  return all;
}
