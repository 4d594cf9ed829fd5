// Copies a text, and says that it did.
import { html, useState } from "../vendor/preact.js";
import { Button } from "./button.js";
import { announce } from "./notices.js";

const TOLD_MS = 1600;

/** @param {{ text: string | (() => string), label?: string, children?: any }} props */
export function Copy({ text, label = "Copy", children }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    await copied(typeof text === "string" ? text : text());
    setDone(true);
    announce("Copied.");
    setTimeout(() => setDone(false), TOLD_MS);
  };
  return html`<${Button} kind="quiet" icon=${done ? "check" : "copy"} label=${done ? "Copied" : label} onClick=${copy}>${children}<//>`;
}

/** Works on plain http, too. @param {string} text */
async function copied(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = Object.assign(document.createElement("textarea"), { value: text, className: "unseen" });
  const before = /** @type {HTMLElement | null} */ (document.activeElement);
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
  before?.focus();
}
