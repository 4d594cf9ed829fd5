// Markdown, whole or growing, in a place of its own.
import { GrowingText } from "../../components/growing.js";
import { renderInto } from "../../components/markdown.js";
import { effect } from "../../vendor/preact.js";

/** @import { Growing } from "../../state/talk-rows.js" */

/** The result ends it. @param {HTMLElement} host @param {Growing} text @returns {() => void} */
export function show(host, text) {
  if (text.done.peek()) {
    renderInto(host, text.text);
    return () => {};
  }
  const growing = new GrowingText(host);
  return effect(() => {
    text.version.value;
    growing.update(text.text);
    if (text.done.value) growing.finish();
  });
}
