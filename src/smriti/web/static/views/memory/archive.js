// The archive of an agent: found by words, tags and dates, newest first or best match first.
import { sentence } from "../../api.js";
import { Button } from "../../components/button.js";
import { Dialog } from "../../components/dialog.js";
import { Empty } from "../../components/empty.js";
import { go, link } from "../../router.js";
import { pages, resource } from "../../state/store.js";
import { tell } from "../../state/tabs.js";
import { html, useCallback, useEffect, useMemo, useRef, useState } from "../../vendor/preact.js";
import { Skeleton } from "../lazy.js";
import { Filters, isNarrowed, pathOf, queryOf, wantedOf } from "./filters.js";
import { Framed, titled } from "./memory.js";
import { Passage } from "./passage.js";
import { PassageForm } from "./passage-form.js";
import { archivePath, deleted, remove } from "./passages.js";
import { Progress, Transfer } from "./transfer.js";

/** @import { Pages, Resource } from "../../state/store.js" */
/** @import { ArchivalMemory, FoundMemory } from "../../types.d.ts" */
/** @import { Wanted } from "./filters.js" */

const TYPING_MS = 200;
const AT_ONCE = 100;

/** @param {{ params: Record<string, string> }} place */
export const title = ({ params }) => titled("Archive", params.agent);

/** @param {{ params: Record<string, string>, query: URLSearchParams }} props */
export function View({ params: { agent = "" }, query }) {
  const [adding, setAdding] = useState(false);
  const [done, setDone] = useState(0);
  const add = html`<${Button} kind="primary" icon="plus" onClick=${() => setAdding(true)}>Add a passage<//>`;
  return html`<${Framed} agent=${agent} here="archive" actions=${add}>
    <${Searched} key=${agent} agent=${agent} query=${query} renewed=${done} onAdd=${() => setAdding(true)} onImported=${() => setDone((times) => times + 1)} />
    <${Dialog} open=${adding} title="Add a passage" onClose=${() => setAdding(false)}>
      <${PassageForm} agent=${agent} onDone=${() => { setAdding(false); setDone(done + 1); }} />
    <//>
  <//>`;
}

/** @param {{ agent: string, query: URLSearchParams, renewed: number, onAdd: () => void, onImported: () => void }} props */
function Searched({ agent, query, renewed, onAdd, onImported }) {
  const [wanted, setWanted] = useState(() => wantedOf(query));
  const asked = useSettled(wanted, TYPING_MS);
  /** @type {Pages<FoundMemory>} */
  const found = pages(pathOf(agent, asked), { limit: AT_ONCE });
  useEffect(() => { if (renewed) renew(found); }, [renewed]);
  useEffect(() => go(`${link("memory", agent, "archive")}${queryOf(asked)}`, { replace: true }), [asked]);
  useEffect(() => { if (queryOf(wantedOf(query)) !== queryOf(asked)) setWanted(wantedOf(query)); }, [String(query)]);
  const onTag = useCallback((/** @type {string} */ tag) => setWanted((now) => ({ ...now, tags: [...new Set([...now.tags, tag])] })), []);
  return html`<${Filters} wanted=${wanted} onChange=${setWanted}><${Transfer} agent=${agent} onImported=${onImported} /><//>
    <${Progress} agent=${agent} />
    ${asked.memory && html`<${Meant} key=${asked.memory} agent=${agent} id=${asked.memory} onTag=${onTag} />`}
    <${Results} agent=${agent} found=${found} wanted=${asked} onTag=${onTag} onAdd=${onAdd} />`;
}

/** @param {{ agent: string, found: Pages<FoundMemory>, wanted: Wanted, onTag: (tag: string) => void, onAdd: () => void }} props */
function Results({ agent, found, wanted, onTag, onAdd }) {
  const last = useRef(/** @type {FoundMemory[] | undefined} */ (undefined));
  const items = found.items.value;
  const error = !items && found.error.value;
  useEffect(() => { if (items) last.current = items; }, [items]);
  const drawn = useDrawn(agent, found, onTag);
  const shown = (items ?? last.current)?.filter(({ memory_id: id }) => !deleted.value.has(id));
  if (error) return html`<p class="problem" role="alert">${sentence(error)}</p>`;
  if (!shown) return html`<${Skeleton} lines=${8} />`;
  if (isNothing(shown, found)) return html`<${Nothing} narrowed=${isNarrowed(wanted)} onAdd=${onAdd} />`;
  return html`<section aria-label="Passages" aria-busy=${found.busy.value}>
    <p class="meta" role="status">${counted(shown.length, wanted, found.hasMore)}</p>
    <ol class="memory-passages">${shown.map(drawn)}</ol>
    ${found.hasMore && html`<${More} found=${found} />`}
  </section>`;
}

/** Draws each passage once, however many follow. @param {string} agent @param {Pages<FoundMemory>} found @param {(tag: string) => void} onTag */
function useDrawn(agent, found, onTag) {
  return useMemo(() => {
    const known = new WeakMap();
    const saved = (/** @type {FoundMemory} */ now) =>
      found.set((found.items.peek() ?? []).map((one) => (one.memory_id === now.memory_id ? now : one)));
    return (/** @type {FoundMemory} */ passage) => {
      if (!known.has(passage)) {
        known.set(passage, html`<li key=${passage.memory_id}><${Editable} agent=${agent} passage=${passage} onTag=${onTag} onSaved=${saved} /></li>`);
      }
      return known.get(passage);
    };
  }, [agent, found, onTag]);
}

/** @param {FoundMemory[]} shown @param {Pages<FoundMemory>} found */
const isNothing = (shown, found) => !shown.length && !found.hasMore;

/** @param {number} count @param {Wanted} wanted @param {boolean} hasMore */
function counted(count, wanted, hasMore) {
  const order = wanted.query.trim() ? "Best matches first" : "Newest first";
  return `${order}: ${count.toLocaleString()} ${count === 1 ? "passage" : "passages"}${hasMore ? " so far" : ""}.`;
}

/** The passage that somebody came for. @param {{ agent: string, id: string, onTag: (tag: string) => void }} props */
function Meant({ agent, id, onTag }) {
  /** @type {Resource<ArchivalMemory>} */
  const kept = resource(`${archivePath(agent)}/${encodeURIComponent(id)}`);
  const passage = kept.data.value;
  if (kept.error.value) return html`<p class="problem" role="alert">This passage is not there any more. ${sentence(kept.error.value)}</p>`;
  if (!passage || deleted.value.has(id)) return null;
  return html`<section class="memory-meant" aria-label="The passage that was found">
    <${Editable} agent=${agent} passage=${{ ...passage, score: null, highlights: [] }} onTag=${onTag} onSaved=${(/** @type {FoundMemory} */ now) => kept.set(now)} />
  </section>`;
}

/** @param {{ agent: string, passage: FoundMemory, onTag: (tag: string) => void, onSaved: (passage: FoundMemory) => void }} props */
function Editable({ agent, passage, onTag, onSaved }) {
  const [editing, setEditing] = useState(false);
  const saved = (/** @type {ArchivalMemory} */ changed) => {
    setEditing(false);
    onSaved({ ...passage, ...changed, highlights: [] });
    tell({ kind: "changed", prefixes: [archivePath(agent)] });
  };
  if (editing) return html`<div class="memory-passage"><${PassageForm} agent=${agent} passage=${passage} onDone=${saved} onCancel=${() => setEditing(false)} /></div>`;
  return html`<${Passage} passage=${passage} onTag=${onTag} onEdit=${() => setEditing(true)} onDelete=${() => remove(agent, passage.memory_id)} />`;
}

/** Loads what follows when its place comes near. @param {{ found: Pages<FoundMemory> }} props */
function More({ found }) {
  const node = useRef(/** @type {HTMLElement | null} */ (null));
  const busy = found.busy.value;
  useEffect(() => {
    if (busy || found.error.peek()) return;
    const seen = new IntersectionObserver((entries) => { if (entries.at(-1)?.isIntersecting) found.more().catch(() => {}); }, { rootMargin: "800px" });
    if (node.current) seen.observe(node.current);
    return () => seen.disconnect();
  }, [found, busy]);
  return html`<div ref=${node} class="actions">
    ${found.error.value && html`<p class="problem" role="alert">${sentence(found.error.value)}</p>`}
    <${Button} busy=${busy} onClick=${() => found.more()}>Show more<//>
  </div>`;
}

/** @param {{ narrowed: boolean, onAdd: () => void }} props */
function Nothing({ narrowed, onAdd }) {
  if (narrowed) return html`<${Empty} icon="search" title="Nothing found" text="Try other words, fewer tags, or a longer time. Words match by their stems: “baking” finds “baked”." />`;
  return html`<${Empty} icon="archive" title="Nothing is kept here yet"
    text="The archive holds what is too long for a block: notes, stories, whole documents. Your agent writes and searches it by itself; you can add to it, or import a file. Try: “Grandma's bread: 500 g flour, 340 g water, a night in the fridge.”"
    action=${html`<${Button} kind="primary" icon="plus" onClick=${onAdd}>Add the first passage<//>`} />`;
}

/** The newest page again. @param {Pages<FoundMemory>} found */
function renew(found) {
  found.set((found.items.peek() ?? []).slice(0, AT_ONCE));
  found.load().catch(() => {});
}

/** A value once it rests. @template T @param {T} value @param {number} ms @returns {T} */
function useSettled(value, ms) {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
