// Which lines of a block a turn has added, changed, removed; and whether they still stand.
import { json } from "../../api.js";
import { useEffect, useState } from "../../vendor/preact.js";
import { paired } from "./merge.js";

/** @import { BlockContentView, BlockVersion, PageBlockVersion } from "../../types.d.ts" */
/**
 * @typedef {"" | "added" | "changed" | "removed"} Mark
 * @typedef {{ text: string, mark: Mark, was?: string }} MarkedLine `was`: what stood there before the turn
 * @typedef {Pick<BlockVersion, "lines" | "turn_id">} Version
 * @typedef {{ turn: string | null, version: number, lines: MarkedLine[] }} Marks
 */

const MOST_PAGES = 5;

/** @param {string} text @returns {MarkedLine} */
const plain = (text) => ({ text, mark: "" });

/**
 * The marks of `rows` once their lines have become these, in the turn or by somebody else.
 * @param {readonly MarkedLine[]} rows @param {readonly string[]} lines @param {boolean} inTurn
 */
export function carried(rows, lines, inTurn) {
  return paired(rows, lines, ({ mark }) => mark === "removed")
    .flatMap(({ row, line }) => (inTurn ? written(row, line) : kept(row, line)));
}

/** @param {MarkedLine} [row] @param {string} [line] @returns {MarkedLine[]} */
function kept(row, line) {
  if (line === undefined) return row?.mark === "removed" ? [row] : [];
  return [row?.text === line ? row : plain(line)];
}

/** @param {MarkedLine} [row] @param {string} [line] @returns {MarkedLine[]} */
function written(row, line = "") {
  if (row?.text === line) return [row];
  return rewritten(row && before(row), line);
}

/** @param {string | undefined} was @param {string} line @returns {MarkedLine[]} */
function rewritten(was, line) {
  if (was === undefined) return line ? [{ text: line, mark: "added" }] : [];
  if (was === line) return [plain(line)];
  return [line ? { text: line, mark: "changed", was } : { text: was, mark: "removed" }];
}

/** What stood there before the turn. @param {MarkedLine} row */
const before = ({ text, mark, was }) => (mark === "added" ? undefined : was ?? text);

/** What a turn has done, as the versions tell it, oldest first. @param {Version[]} versions @param {string | null} turn */
export function marksOf(versions, turn) {
  const [first, ...later] = versions;
  return later.reduce((rows, { lines, turn_id: by }) => carried(rows, lines, by !== null && by === turn), (first?.lines ?? []).map(plain));
}

/**
 * The lines of a block with the marks of a turn; of the last turn that changed it, when none is given.
 * @param {string} path of the block @param {BlockContentView | undefined} content @param {string | null | undefined} turn
 * @returns {Marks | null} null: there is none
 */
export function useMarks(path, content, turn) {
  const [marks, setMarks] = useState(/** @type {Marks | null} */ (null));
  useEffect(() => {
    if (!content) return;
    let isGone = false;
    found(path, content, turn, marks).then((now) => { if (!isGone) setMarks(now); }, () => {});
    return () => { isGone = true; };
  }, [path, content?.version, turn]);
  return marks;
}

/** @param {string} path @param {BlockContentView} content @param {string | null | undefined} turn @param {Marks | null} before what was marked at an earlier version @returns {Promise<Marks | null>} */
async function found(path, content, turn, before) {
  const { version, lines, turn_id: by } = content;
  if (!version || isOther(by, turn)) return null;
  if (before && goesOn(before, content, turn)) {
    return { turn: before.turn, version, lines: carried(before.lines, lines, by !== null && by === before.turn) };
  }
  const versions = [content, ...(await earlier(path, turn))];
  const meant = turn ?? lastOf(versions);
  return { turn: meant, version, lines: marksOf(versions.reverse(), meant) };
}

/** Whether the last change was made by another turn than the wanted one. @param {string | null} by @param {string | null} [wanted] */
const isOther = (by, wanted) => wanted === null || (wanted !== undefined && by !== null && by !== wanted);

/** Whether what was marked needs only the newest change. @param {Marks} before @param {BlockContentView} content @param {string | null} [wanted] */
const goesOn = (before, { version, turn_id: by }, wanted) =>
  before.version === version - 1 && before.turn === (wanted ?? by ?? before.turn);

/** @param {Version[]} versions newest first */
const lastOf = (versions) => versions.find(({ turn_id: turn }) => turn)?.turn_id ?? null;

/** Versions before, newest first, until one that the turn has not made. @param {string} path @param {string | null} [turn] */
async function earlier(path, turn) {
  /** @type {BlockVersion[]} */
  const versions = [];
  let cursor = "";
  for (let page = 0; page < MOST_PAGES; page++) {
    /** @type {PageBlockVersion} */
    const { items, next_cursor: next } = await json(`${path}/history?limit=20${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    versions.push(...items);
    if (!next || !turn || items.at(-1)?.turn_id !== turn) break;
    cursor = next;
  }
  return versions;
}
