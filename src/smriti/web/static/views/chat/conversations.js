// The conversations in the navigation: by day, to be searched, renamed, deleted.
import { Button } from "../../components/button.js";
import { daysBetween } from "../../components/time.js";
import { Icon } from "../../icons.js";
import { link, route } from "../../router.js";
import { pages } from "../../state/store.js";
import { html, useState } from "../../vendor/preact.js";
import { Lazy, Skeleton } from "../lazy.js";
import { Actions, leaving } from "./rename.js";

/** @import { Pages } from "../../state/store.js" */
/** @import { Conversation } from "../../types.d.ts" */

export const title = "Conversations";

const found = () => import("./found.js");

/** When something happened in it last. @param {Conversation} of */
export const when = (of) => of.updated_at ?? of.created_at;

export function View() {
  /** @type {Pages<Conversation>} */
  const kept = pages("/conversations/");
  const [words, setWords] = useState("");
  if (!kept.items.value) return html`<${Unloaded} kept=${kept} />`;
  const all = kept.items.value.filter(({ conversation_id }) => !leaving.value.has(conversation_id));
  if (!all.length) return html`<p class="meta chat-none">What you talk about will be listed here.</p>`;
  return html`<div class="chat-conversations">
    <${Search} words=${words} onWords=${setWords} />
    <${Days} all=${all.filter(({ title: text }) => matches(text, words))} />
    ${words.trim().length > 1 && html`<${Lazy} load=${found} props=${{ words: words.trim(), listed: all }} />`}
    ${kept.hasMore && !words && html`<${Button} kind="quiet" onClick=${() => kept.more()}>Older conversations<//>`}
  </div>`;
}

/** @param {{ kept: Pages<Conversation> }} props */
function Unloaded({ kept }) {
  if (!kept.error.value) return html`<${Skeleton} />`;
  return html`<p class="meta chat-none">Your conversations could not be loaded.
    <button type="button" class="as-link" onClick=${() => kept.load().catch(() => {})}>Try again</button></p>`;
}

/** @param {{ words: string, onWords: (words: string) => void }} props */
function Search({ words, onWords }) {
  const keys = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Escape" || !words) return;
    event.preventDefault();
    event.stopPropagation();
    onWords("");
  };
  return html`<label class="chat-search"><span class="unseen">Search your conversations</span><${Icon} name="search" size=${16} />
    <input type="search" placeholder="Search" value=${words} onKeyDown=${keys} onInput=${(/** @type {any} */ event) => onWords(event.currentTarget.value)} />
  </label>`;
}

/** @param {{ all: Conversation[] }} props */
function Days({ all }) {
  const sorted = [...all].sort((one, other) => (when(one) < when(other) ? 1 : -1));
  /** @type {Map<string, Conversation[]>} */
  const groups = new Map();
  for (const one of sorted) {
    const name = day(new Date(when(one)));
    groups.set(name, [...(groups.get(name) ?? []), one]);
  }
  return html`${[...groups].map(([name, items]) => html`<section key=${name} class="chat-day">
    <h2 class="meta">${name}</h2>
    <ul class="chat-rows">${items.map((one) => html`<${Entry} key=${one.conversation_id} conversation=${one} />`)}</ul>
  </section>`)}`;
}

/** @param {{ conversation: Conversation }} props */
function Entry({ conversation }) {
  const { conversation_id: id, title: text } = conversation;
  const isHere = route.value.params.conversation === id;
  return html`<li class="chat-row">
    <a class="nav-row" href=${link("c", id)} aria-current=${isHere ? "page" : undefined}><span class="name">${text}</span></a>
    <${Actions} conversation=${conversation} />
  </li>`;
}

/** @param {string} text @param {string} words */
const matches = (text, words) => words.toLowerCase().split(/\s+/).every((word) => text.toLowerCase().includes(word));

/** @param {Date} date */
function day(date) {
  const days = daysBetween(date, new Date());
  if (days <= 0) return "Today";
  if (days === 1) return "Yesterday";
  if (days < 7) return "Last 7 days";
  if (days < 31) return "Last 30 days";
  return date.toLocaleDateString([], { month: "long", year: "numeric" });
}
