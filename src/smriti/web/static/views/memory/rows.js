// Lines as they stand in an editor: some are empty still, some bear a mark, some are gone.
import { carried } from "./marks.js";

/** @import { Mark, MarkedLine } from "./marks.js" */
/**
 * @typedef {{ id: number, text: string }} Row
 * @typedef {{ row: Row, mark: Mark, was?: string, gone?: undefined } | { row?: undefined, gone: string }} ShownRow
 */

let count = 0;

/** @param {string} text @returns {Row} */
export const rowOf = (text) => ({ id: ++count, text });

/** As the server keeps a line. @param {string} text */
export function clean(text) {
  const parts = text.replace(/\t/g, " ").split(/[\n\r\v\f\u0085\u2028\u2029]/).map((part) => part.trim());
  return parts.filter(Boolean).join(" ").replace(/\p{Cc}/gu, "").trim();
}

/** @param {readonly string[]} lines */
export const wordsIn = (lines) => lines.reduce((sum, line) => sum + line.split(/\s+/).filter(Boolean).length, 0);

/** Rows with their marks, and between them what a turn has removed. @param {readonly Row[]} rows @param {readonly MarkedLine[] | undefined} marks @returns {ShownRow[]} */
export function withMarks(rows, marks) {
  if (!marks) return rows.map((row) => ({ row, mark: "" }));
  const marked = carried(marks, rows.map(({ text }) => clean(text)).filter(Boolean), false);
  /** @type {ShownRow[]} */
  const all = [];
  let at = 0;
  const showGone = () => {
    for (; marked[at]?.mark === "removed"; at++) all.push({ gone: marked[at]?.text ?? "" });
  };
  for (const row of rows) {
    showGone();
    const line = clean(row.text) ? marked[at++] : undefined;
    all.push({ row, mark: line?.mark ?? "", was: line?.was });
  }
  showGone();
  return all;
}
