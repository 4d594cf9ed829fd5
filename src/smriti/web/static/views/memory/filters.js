// What is looked for in the archive: words, tags, dates; kept in the address.
import { Icon } from "../../icons.js";
import { html } from "../../vendor/preact.js";
import { archivePath } from "./passages.js";

/** @typedef {{ query: string, tags: string[], after: string, before: string, memory: string }} Wanted days as YYYY-MM-DD, both included; `memory`: one passage by its id */

const EVERYTHING = { query: "", tags: [], after: "", before: "", memory: "" };

/** @param {URLSearchParams} query of the address @returns {Wanted} */
export function wantedOf(query) {
  return { query: query.get("q") ?? "", tags: query.getAll("tag"), after: query.get("after") ?? "", before: query.get("before") ?? "", memory: query.get("memory") ?? "" };
}

/** @param {Wanted} wanted */
export function queryOf({ query, tags, after, before, memory }) {
  const values = [["q", query], ...tags.map((tag) => ["tag", tag]), ["after", after], ["before", before], ["memory", memory]];
  const text = String(new URLSearchParams(values.filter(([, value]) => value)));
  return text && `?${text}`;
}

/** @param {Wanted} wanted */
export const isNarrowed = ({ query, tags, after, before }) => Boolean(query.trim() || tags.length || after || before);

/** @param {Wanted} wanted */
const isChosen = (wanted) => isNarrowed(wanted) || wanted.memory !== "";

/** What the server is asked. @param {string} agent @param {Wanted} wanted */
export function pathOf(agent, { query, tags, after, before }) {
  const values = [["query", query.trim()], ...tags.map((tag) => ["tags", tag]), ["after", midnight(after, 0)], ["before", midnight(before, 1)]];
  const text = String(new URLSearchParams(values.filter(([, value]) => value)));
  return `${archivePath(agent)}${text && `?${text}`}`;
}

/** The beginning of a day as people here count it. @param {string} day @param {number} later days */
function midnight(day, later) {
  const [year, month, date] = day.split("-").map(Number);
  if (!year || !month || !date) return "";
  return new Date(year, month - 1, date + later).toISOString();
}

/** @param {{ wanted: Wanted, onChange: (wanted: Wanted) => void, children?: any }} props */
export function Filters({ wanted, onChange, children }) {
  const set = (/** @type {Partial<Wanted>} */ values) => onChange({ ...wanted, memory: "", ...values });
  const value = (/** @type {"query" | "after" | "before"} */ name) => (/** @type {any} */ event) => set({ [name]: event.target.value });
  return html`<search class="memory-filters">
    <label class="memory-search"><${Icon} name="search" /><span class="unseen">Search the archive</span>
      <input type="search" placeholder="Search the archive" maxlength="1000" value=${wanted.query} onInput=${value("query")} /></label>
    <div class="row">
      <label class="row meta">From <input type="date" value=${wanted.after} onChange=${value("after")} /></label>
      <label class="row meta">to <input type="date" value=${wanted.before} onChange=${value("before")} /></label>
      ${wanted.tags.map((tag) => html`<button key=${tag} type="button" class="chip memory-wanted" title="Do not look for this tag" onClick=${() => set({ tags: wanted.tags.filter((one) => one !== tag) })}>
        <span class="name">${tag}</span> <span aria-hidden="true">×</span><span class="unseen">: remove this tag from the search</span></button>`)}
      ${isChosen(wanted) && html`<button type="button" class="as-link" onClick=${() => onChange(EVERYTHING)}>Show all</button>`}
      ${children}
    </div>
  </search>`;
}
