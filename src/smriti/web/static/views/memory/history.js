// What a block has been: who changed what and when, and the way back.
import { json, sentence } from "../../api.js";
import { Button } from "../../components/button.js";
import { Dialog } from "../../components/dialog.js";
import { diffLines } from "../../components/diff.js";
import { notify } from "../../components/notices.js";
import { Time } from "../../components/time.js";
import { changed, pages } from "../../state/store.js";
import { html, useEffect, useState } from "../../vendor/preact.js";
import { Skeleton } from "../lazy.js";
import { Marked } from "./line.js";
import { deed, named } from "./names.js";

/** @import { Pages, Resource } from "../../state/store.js" */
/** @import { BlockContentView, BlockVersion } from "../../types.d.ts" */
/** @import { DiffLine } from "../../components/diff.js" */
/**
 * @typedef {{ path: string, name: string, agent: string, kept: Resource<BlockContentView>, onClose: () => void }} HistoryProps
 * @typedef {Pick<BlockVersion, "version" | "lines" | "updated_at" | "updated_by"> & { reason?: string | null }} Version
 */

/** @param {HistoryProps & { open: boolean }} props */
export function History({ open, ...props }) {
  return html`<${Dialog} wide open=${open} title=${`History of ${props.name}`} onClose=${props.onClose}><${Versions} ...${props} /><//>`;
}

/** @param {HistoryProps} props */
function Versions(props) {
  /** @type {Pages<BlockVersion>} */
  const past = pages(`${props.path}/history`, { limit: 20 });
  const [now, items] = [props.kept.data.value, past.items.value];
  if (now?.version === 0) return html`<p class="muted">Nothing has changed here yet. Every change will be kept: who made it, when, and the lines before it.</p>`;
  if (now && items) return html`<${Listed} ...${props} past=${past} all=${[now, ...items]} />`;
  if (!past.error.value) return html`<${Skeleton} />`;
  return html`<p class="problem" role="alert">${sentence(past.error.value)}</p>`;
}

/** @param {HistoryProps & { past: Pages<BlockVersion>, all: Version[] }} props */
function Listed({ path, name, agent, kept, onClose, past, all }) {
  const [wanted, setWanted] = useState(/** @type {number | null} */ (null));
  const [toNow, setToNow] = useState(false);
  const at = Math.max(0, all.findIndex(({ version }) => version === wanted));
  const [shown, now] = /** @type {[Version, Version]} */ ([all[at], all[0]]);
  const isNow = at === 0;
  const restore = async () => {
    await restored(path, shown.version, kept);
    notify(`${name} is again as in version ${shown.version}.`, { tone: "good", undo: () => restored(path, now.version, kept) });
    onClose();
  };
  return html`<div class="memory-history">
    <div class="memory-versions">
      <ol aria-label="Versions">${all.map((version, place) => html`<li key=${version.version}>
        <${Choice} version=${version} before=${all[place + 1]} agent=${agent} isShown=${place === at} isNow=${place === 0} onChoose=${() => setWanted(version.version)} />
      </li>`)}</ol>
      ${past.hasMore && html`<${Button} kind="quiet" busy=${past.busy.value} onClick=${() => past.more()}>Show older versions<//>`}
    </div>
    <div class="memory-shown">
      <${Compared} past=${past} before=${toNow ? shown : all[at + 1]} after=${toNow ? now : shown} isFirst=${shown.version === 0} />
      <footer class="row">
        <label class="row" hidden=${isNow}><input type="checkbox" checked=${toNow} onChange=${() => setToNow(!toNow)} /> Compare with now</label>
        ${isNow ? html`<p class="meta">This is how it is now.</p>` : html`<${Button} kind="primary" onClick=${restore}>Restore this version<//>`}
      </footer>
    </div>
  </div>`;
}

/** @param {{ version: Version, before?: Version, agent: string, isShown: boolean, isNow: boolean, onChoose: () => void }} props */
function Choice({ version, before, agent, isShown, isNow, onChoose }) {
  return html`<button type="button" class="memory-version" aria-pressed=${isShown} onClick=${onChoose}>
    <span><b>${isNow ? "Now" : `Version ${version.version}`}</b>
      ${version.updated_at && html` <${Time} at=${version.updated_at} />`}</span>
    <span class="meta">${version.version === 0 ? "Before any change" : html`<span class="name">${named(version.updated_by, agent)}</span> ${deed(version.reason ?? "")}`}</span>
    ${before && html`<${Count} lines=${diffLines(before.lines, version.lines)} />`}
  </button>`;
}

/** @param {{ lines: DiffLine[] }} props */
function Count({ lines }) {
  const count = (/** @type {string} */ kind) => lines.filter((line) => line.kind === kind).length;
  return html`<span class="meta figure">+${count("added")} <span class="unseen">lines,</span> −${count("removed")}<span class="unseen"> lines</span></span>`;
}

/** @param {{ past: Pages<BlockVersion>, before?: Version, after: Version, isFirst: boolean }} props */
function Compared({ past, before, after, isFirst }) {
  const wantsMore = !before && !isFirst && past.hasMore;
  useEffect(() => { if (wantsMore) past.more().catch(() => {}); }, [wantsMore]);
  const lines = diffLines(before?.lines ?? [], after.lines);
  if (wantsMore) return html`<${Skeleton} />`;
  return html`
    <p class="meta">${hint(lines, isFirst || Boolean(before))}</p>
    <ol class="memory-diff" aria-label="Lines and changes" tabindex="0">${lines.map(({ kind, line, before: was, after: is }) => html`
      <li key=${`${was}-${is}`} class=${kind}><span class="memory-number figure" aria-hidden="true">${is ?? was}</span><${Marked} mark=${kind === "same" ? "" : kind} /><span>${line}</span></li>`)}
    </ol>`;
}

/** @param {DiffLine[]} lines @param {boolean} isKnown whether it is known what stood there before */
function hint(lines, isKnown) {
  if (!isKnown) return "What stood before is not kept any more; this is all of it.";
  if (!lines.length) return "There were no lines.";
  return lines.every(({ kind }) => kind === "same") ? "No line differs." : "";
}

/** @param {string} path @param {number} version @param {Resource<BlockContentView>} kept */
async function restored(path, version, kept) {
  kept.set(await json(`${path}/restore`, { method: "POST", body: { version } }));
  changed(`${path}/`);
}
