// Answers and questions as they are meant to be read.
import { highlight } from "./code.js";
import { GrowingText, reuse } from "./growing.js";
import { lex, nodesOf, normal } from "./prose.js";

/** @param {string} text */
export function markdown(text) {
  const fragment = nodesOf(lex(normal(text)).tokens);
  highlight(fragment.children);
  return fragment;
}

/**
 * Shows a text that does not grow: its beginning at once, what is long in slices with pauses between.
 * @param {Element} host an element of its own @param {string} text @returns {Promise<void>} resolves when all is there
 */
export function renderInto(host, text) {
  if (reuse(host, text)) return Promise.resolve();
  const growing = new GrowingText(host);
  growing.update(text);
  return growing.finish();
}
