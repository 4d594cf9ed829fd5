// Code in an answer: its language, a button that copies it, and colours once nobody waits for anything else.
import { html, render } from "../vendor/preact.js";
import { Copy } from "./copy.js";
import { colours } from "./purify.js";

const MOST_COLOURED = 30_000;
const idle = window.requestIdleCallback ?? ((/** @type {() => void} */ run) => setTimeout(run, 50));
/** @type {Element[]} */
const waiting = [];

/** Gives every code block its head, and tables a frame to scroll in. @param {DocumentFragment} fragment */
export function dress(fragment) {
  for (const pre of fragment.querySelectorAll("pre")) dressCode(pre);
  for (const table of fragment.querySelectorAll("table")) {
    const frame = element("div", "prose-table");
    frame.tabIndex = 0;
    frame.role = "group";
    frame.ariaLabel = "Table";
    table.replaceWith(frame);
    frame.append(table);
  }
}

/** @param {HTMLElement} pre */
function dressCode(pre) {
  const code = /** @type {HTMLElement} */ (pre.firstElementChild);
  const block = element("div", "code");
  const head = element("div", "code-head");
  const copy = element("span", "code-copy");
  const language = element("span", "code-language");
  language.textContent = languageIn(code) || "code";
  head.append(language, copy);
  render(html`<${Copy} text=${() => code.textContent} label="Copy code" />`, copy);
  pre.replaceWith(block);
  block.append(head, pre);
}

/** Shows more of a code that grows; the nodes stay. @param {Element} block @param {string} text */
export function setCode(block, text) {
  const code = /** @type {HTMLElement} */ (block.querySelector("code"));
  const shown = code.firstChild ?? code.appendChild(new Text());
  if (!(shown instanceof Text) || code.childNodes.length > 1) code.textContent = text;
  else if (text.startsWith(shown.data)) shown.appendData(text.slice(shown.length));
  else shown.data = text;
}

/** Colours the code in here when there is time. @param {Iterable<Element>} nodes */
export function highlight(nodes) {
  for (const node of nodes) {
    const found = node.matches(".code") ? [node] : node.querySelectorAll(".code");
    for (const block of found) {
      const code = block.querySelector("code[class]");
      if (code && code.textContent.length <= MOST_COLOURED) waiting.push(code);
    }
  }
  colourSoon();
}

/** Without its colours, code can be read as well. */
function colourSoon() {
  if (waiting.length > 0) idle(() => colourNext().catch(() => {}));
}

/** One block, then the thread is free again. */
async function colourNext() {
  const { hljs } = await import("../vendor/highlight.js");
  const code = waiting.shift();
  if (!code) return;
  const language = languageIn(code);
  if (hljs.getLanguage(language)) code.replaceChildren(colours(hljs.highlight(code.textContent, { language }).value));
  colourSoon();
}

/** @param {Element} code */
const languageIn = (code) => code.className.replace("language-", "");

/** @param {string} name @param {string} className */
const element = (name, className) => Object.assign(document.createElement(name), { className });
