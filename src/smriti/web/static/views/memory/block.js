// A block: its lines, how full it is, and what can be done with it.
import { request, sentence } from "../../api.js";
import { Button } from "../../components/button.js";
import { confirm } from "../../components/dialog.js";
import { Meter } from "../../components/meter.js";
import { notify } from "../../components/notices.js";
import { savedFirst } from "../../state/saving.js";
import { changed, resource } from "../../state/store.js";
import { online, visible } from "../../state/tabs.js";
import { html, useEffect, useId, useRef, useState } from "../../vendor/preact.js";
import { Skeleton } from "../lazy.js";
import { Conflicted } from "./conflict.js";
import { Editor } from "./editor.js";
import { History } from "./history.js";
import { AddLine, Gone, Line } from "./line.js";
import { useMarks } from "./marks.js";
import { other } from "./names.js";
import { withMarks, wordsIn } from "./rows.js";

/** @import { Resource } from "../../state/store.js" */
/** @import { BlockContentView, BlockView } from "../../types.d.ts" */
/** @typedef {{ agent: string, block: BlockView, turn: string | null | undefined }} BlockProps `turn`: whose changes are marked; undefined: of the last one that made any */

const CROWDED = 0.8;
const SHOWN_LINES = 300;
const STATUS = { idle: "", unsaved: "Not saved yet", saving: "Saving…", saved: "Saved" };

/** @param {BlockProps} props */
export function Block({ agent, block, turn }) {
  const name = useId();
  const path = `/agents/${encodeURIComponent(agent)}/memory-blocks/${encodeURIComponent(block.block_name)}`;
  /** @type {Resource<BlockContentView>} */
  const kept = resource(`${path}/content`);
  const [history, setHistory] = useState(false);
  return html`<section class="memory-block" aria-labelledby=${name}>
    <header>
      <div><h2 id=${name} class="name">${block.block_name}</h2><p class="meta">${block.description}</p></div>
      <${Button} kind="quiet" icon="history" label=${`History of ${block.block_name}`} onClick=${() => setHistory(true)} />
      ${block.is_default ? null : html`<${Button} kind="quiet" icon="trash" label=${`Delete ${block.block_name}`} onClick=${() => remove(path, block.block_name)} />`}
    </header>
    <${Body} key=${path} path=${path} kept=${kept} turn=${turn} agent=${agent} />
    <${History} open=${history} path=${path} name=${block.block_name} agent=${agent} kept=${kept} onClose=${() => setHistory(false)} />
  </section>`;
}

/** @param {{ path: string, kept: Resource<BlockContentView>, turn: string | null | undefined, agent: string }} props */
function Body({ path, kept, turn, agent }) {
  const content = kept.data.value;
  if (content) return html`<${Edited} path=${path} kept=${kept} content=${content} turn=${turn} agent=${agent} />`;
  if (!kept.error.value) return html`<${Skeleton} />`;
  return html`<div class="row"><p class="problem" role="alert">${sentence(kept.error.value)}</p><${Button} icon="retry" onClick=${() => kept.load()}>Try again<//></div>`;
}

/** @param {{ path: string, kept: Resource<BlockContentView>, content: BlockContentView, turn: string | null | undefined, agent: string }} props */
function Edited({ path, kept, content, turn, agent }) {
  const [editor] = useState(() => new Editor(path, content, kept));
  const marks = useMarks(path, content, turn);
  useEffect(() => editor.take(content), [content]);
  useKeeping(editor, kept);
  const words = wordsIn(editor.lines);
  const conflict = editor.conflict.value;
  return html`
    <${Meter} label="Words" value=${words} limit=${content.word_limit} />
    ${words >= content.word_limit * CROWDED && html`<${Crowded} full=${words > content.word_limit} />`}
    ${conflict ? html`<${Conflicted} conflict=${conflict} agent=${agent} onSettled=${(/** @type {string[][]} */ chosen) => editor.settle(chosen)} />`
      : html`<${Lines} editor=${editor} name=${content.block_name} marks=${marks?.lines} />`}
    <${Status} editor=${editor} agent=${agent} />`;
}

/** @param {{ editor: Editor, name: string, marks?: import("./marks.js").MarkedLine[] }} props */
function Lines({ editor, name, marks }) {
  const [most, setMost] = useState(SHOWN_LINES);
  const shown = withMarks(editor.rows.value, marks);
  let number = 0;
  return html`<ol class="memory-lines" aria-label=${`Lines of ${name}`}>
    ${shown.slice(0, most).map((one, at) => (one.row
      ? html`<${Line} key=${one.row.id} editor=${editor} row=${one.row} number=${++number} mark=${one.mark} was=${one.was} />`
      : html`<${Gone} key=${`gone-${at}`} text=${one.gone} />`))}
  </ol>
  ${shown.length > most
    ? html`<button type="button" class="button quiet memory-add" onClick=${() => setMost(Infinity)}>Show the other ${(shown.length - most).toLocaleString()} lines</button>`
    : html`<${AddLine} first=${!editor.rows.value.length} onAdd=${() => editor.insert(null, [""])} />`}`;
}

/** @param {{ full: boolean }} props */
function Crowded({ full }) {
  return html`<p class="memory-crowded" role="status">${full
    ? "More than the block holds: shorten or remove lines, or move details to the archive."
    : "Nearly full. If it stays so, your agent writes it shorter by itself; what it takes out goes to the archive."}</p>`;
}

/** @param {{ editor: Editor, agent: string }} props */
function Status({ editor, agent }) {
  const { problem, joined, status } = editor;
  return html`<div class="memory-status" role="status">
    ${problem.value
      ? html`<p class="problem">Not saved. ${problem.value}</p><${Button} icon="retry" onClick=${() => editor.flush()}>Save again<//>`
      : html`<p class="meta">${joined.value && `${other(joined.value, agent)} changed this block meanwhile; both changes are kept. `}${STATUS[status.value]}</p>`}
  </div>`;
}

/** Saves when the page is left or comes back and before a question, and asks what is new when it is seen again. @param {Editor} editor @param {Resource<BlockContentView>} kept */
function useKeeping(editor, kept) {
  const wasHidden = useRef(false);
  useEffect(() => {
    const leave = (/** @type {Event} */ event) => {
      if (!editor.isDirty) return;
      editor.flush();
      event.preventDefault();
    };
    addEventListener("beforeunload", leave);
    const off = savedFirst(() => editor.flush());
    return () => {
      removeEventListener("beforeunload", leave);
      editor.flush().then(off);
    };
  }, [editor]);
  useEffect(() => {
    if (!visible.value) editor.flush();
    else if (wasHidden.current) kept.load().catch(() => {});
    wasHidden.current = !visible.value;
  }, [visible.value]);
  useEffect(() => { if (online.value && editor.problem.peek()) editor.flush(); }, [online.value]);
}

/** @param {string} path @param {string} name */
async function remove(path, name) {
  const text = "Its lines and its history are gone for good, and your agent does not see them any more.";
  if (!(await confirm({ title: `Delete the block ${name}?`, text, action: "Delete block", danger: true }))) return;
  await request(path, { method: "DELETE" });
  changed(path.slice(0, path.lastIndexOf("/")));
  notify(`The block ${name} is deleted.`);
}
