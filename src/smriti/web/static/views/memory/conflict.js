// Lines that two have changed at once: whose shall stand?
import { Button } from "../../components/button.js";
import { html, useEffect, useRef, useState } from "../../vendor/preact.js";
import { named, other } from "./names.js";

/** @import { Conflict } from "./editor.js" */
/** @import { Clash } from "./merge.js" */

/** @param {{ conflict: Conflict, agent: string, onSettled: (chosen: string[][]) => void }} props */
export function Conflicted({ conflict: { pieces, theirs }, agent, onSettled }) {
  const [chosen, setChosen] = useState(/** @type {(string[] | undefined)[]} */ ([]));
  const node = useRef(/** @type {HTMLElement | null} */ (null));
  const who = named(theirs.updated_by, agent);
  const total = pieces.filter((piece) => typeof piece !== "string").length;
  useEffect(() => node.current?.querySelector("button")?.focus(), []);
  const choose = (/** @type {number} */ at, /** @type {string[]} */ lines) => {
    const now = Object.assign([...chosen], { [at]: lines });
    setChosen(now);
    if (Object.keys(now).length === total) onSettled(/** @type {string[][]} */ (now));
  };
  let clash = 0;
  return html`<div class="memory-conflict" ref=${node}>
    <p role="alert">${other(theirs.updated_by, agent)} changed ${total === 1 ? "a line" : `${total} lines`} while you did. Which shall stand? All else is merged, nothing is lost.</p>
    <ol class="memory-lines">${pieces.map((piece, at) => {
      if (typeof piece === "string") return html`<li key=${at} class="memory-line"><span></span><span></span><span class="memory-text">${piece}</span></li>`;
      const place = clash++;
      return html`<${Choice} key=${at} clash=${piece} who=${who} chosen=${chosen[place]} choose=${(/** @type {string[]} */ lines) => choose(place, lines)} />`;
    })}</ol>
  </div>`;
}

/** @param {{ clash: Clash, who: string, chosen?: string[], choose: (lines: string[]) => void }} props */
function Choice({ clash: { base, mine, theirs }, who, chosen, choose }) {
  const isMe = who === "You";
  const ways = [
    { label: "Keep mine", lines: told(mine) },
    { label: isMe ? "Keep the other" : "Keep theirs", lines: told(theirs) },
    { label: "Keep both", lines: [...told(theirs), ...told(mine)] },
  ].slice(0, mine === null || theirs === null ? 2 : 3);
  return html`<li class="memory-clash card">
    <dl>
      <div><dt>Before</dt><dd><del>${base}</del></dd></div>
      <div><dt>You</dt><dd>${mine ?? html`<i>removed it</i>`}</dd></div>
      <div><dt class="name">${isMe ? "You, elsewhere" : who}</dt><dd>${theirs ?? html`<i>removed it</i>`}</dd></div>
    </dl>
    <div class="row">${ways.map(({ label, lines }) => html`<${Button} key=${label} aria-pressed=${String(chosen) === String(lines) && chosen !== undefined} onClick=${() => choose(lines)}>${label}<//>`)}</div>
  </li>`;
}

/** @param {string | null} line null: removed */
const told = (line) => (line === null ? [] : [line]);
