// Lines that two have changed at once become one text again, line by line.
import { diffLines } from "../../components/diff.js";

/**
 * @typedef {{ base: string, mine: string | null, theirs: string | null }} Clash one line that both changed; null: removed
 * @typedef {string | Clash} Piece
 */

/**
 * How rows become lines: a row with its line, a row alone for what went, a line alone for what came.
 * Rows that are `extra` are no lines and stay where they stood.
 * @template {{ text: string }} R
 * @param {readonly R[]} rows @param {readonly string[]} lines @param {(row: R) => boolean} [isExtra]
 * @returns {{ row?: R, line?: string }[]}
 */
export function paired(rows, lines, isExtra = () => false) {
  const live = rows.filter((row) => !isExtra(row));
  /** @type {{ row?: R, line?: string }[]} */
  const all = [];
  let at = 0;
  for (const one of pairs(live, lines)) {
    if (one.row) {
      for (; rows[at] !== one.row; at++) all.push({ row: rows[at] });
      at++;
    }
    all.push(one);
  }
  return [...all, ...rows.slice(at).map((row) => ({ row }))];
}

/** @template {{ text: string }} R @param {R[]} rows @param {readonly string[]} lines @returns {{ row?: R, line?: string }[]} */
function pairs(rows, lines) {
  /** @type {{ row?: R, line?: string }[]} */
  const all = [];
  /** @type {{ gone: R[], come: string[] }} */
  let run = { gone: [], come: [] };
  let at = 0;
  const settle = () => {
    const { gone, come } = run;
    for (let n = 0; n < Math.max(gone.length, come.length); n++) all.push({ row: gone[n], line: come[n] });
    run = { gone: [], come: [] };
  };
  for (const { kind, line } of diffLines(rows.map(({ text }) => text), lines)) {
    if (kind === "added") run.come.push(line);
    else if (kind === "removed") run.gone.push(/** @type {R} */ (rows[at++]));
    else {
      settle();
      all.push({ row: rows[at++], line });
    }
  }
  settle();
  return all;
}

/**
 * What both have made of `base`. Lines that one of them added stay; only a line that both changed,
 * each in another way, is a clash.
 * @param {readonly string[]} base @param {readonly string[]} mine @param {readonly string[]} theirs
 * @returns {Piece[]}
 */
export function merged(base, mine, theirs) {
  const [here, there] = [fates(base, mine), fates(base, theirs)];
  return [
    ...together(here.added[0], there.added[0]),
    ...base.flatMap((line, at) => [
      ...decided(line, here.lines[at] ?? null, there.lines[at] ?? null),
      ...together(here.added[at + 1], there.added[at + 1]),
    ]),
  ];
}

/** @param {string[]} [mine] @param {string[]} [theirs] */
const together = (mine = [], theirs = []) => [...theirs, ...mine.filter((line) => !theirs.includes(line))];

/** @param {string} base @param {string | null} mine @param {string | null} theirs @returns {Piece[]} */
function decided(base, mine, theirs) {
  if (mine === theirs || theirs === base) return mine === null ? [] : [mine];
  if (mine === base) return theirs === null ? [] : [theirs];
  return [{ base, mine, theirs }];
}

/**
 * Of each line of `base` what it has become, and what was added before the first and after each.
 * @param {readonly string[]} base @param {readonly string[]} side
 */
function fates(base, side) {
  /** @type {(string | null)[]} */
  const lines = [];
  /** @type {string[][]} */
  const added = [[]];
  for (const { row, line } of paired(base.map((text) => ({ text })), side)) {
    if (row) {
      lines.push(line ?? null);
      added.push([]);
    } else if (line !== undefined) added.at(-1)?.push(line);
  }
  return { lines, added };
}
