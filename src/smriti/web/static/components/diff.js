// What has become of lines: which stayed, which came, which went (Myers' shortest edit).

/** @typedef {{ kind: "same" | "added" | "removed", line: string, before?: number, after?: number }} DiffLine numbers from 1 */

const MOST_CHANGES = 1000;

/**
 * Lines of both, in order; of what was changed, the removed come first. Beyond 1,000 changes, all
 * between the common beginning and the common end counts as changed.
 * @param {readonly string[]} before @param {readonly string[]} after @returns {DiffLine[]}
 */
export function diffLines(before, after) {
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && before[head] === after[head]) head++;
  let tail = 0;
  while (tail < shorter - head && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
  const kept = matches(before.slice(head, before.length - tail), after.slice(head, after.length - tail));
  return told(before, after, [
    ...Array.from({ length: head }, (_, at) => pair(at, at)),
    ...kept.map(([was, is]) => pair(head + was, head + is)),
    ...Array.from({ length: tail }, (_, at) => pair(before.length - tail + at, after.length - tail + at)),
  ]);
}

/** @param {number} was @param {number} is @returns {[number, number]} */
const pair = (was, is) => [was, is];

/** @param {readonly string[]} lines @param {number} place */
const line = (lines, place) => lines[place] ?? "";

/** @param {readonly string[]} before @param {readonly string[]} after @param {[number, number][]} kept @returns {DiffLine[]} */
function told(before, after, kept) {
  /** @type {DiffLine[]} */
  const lines = [];
  let [was, is] = [0, 0];
  for (const [nextWas, nextIs] of [...kept, pair(before.length, after.length)]) {
    for (; was < nextWas; was++) lines.push({ kind: "removed", line: line(before, was), before: was + 1 });
    for (; is < nextIs; is++) lines.push({ kind: "added", line: line(after, is), after: is + 1 });
    if (was < before.length && is < after.length) lines.push({ kind: "same", line: line(after, is), before: ++was, after: ++is });
  }
  return lines;
}

/** Pairs of places that hold the same, as many as can be. @param {string[]} a @param {string[]} b @returns {[number, number][]} */
function matches(a, b) {
  const most = Math.min(a.length + b.length, MOST_CHANGES);
  const middle = most + 1;
  const reach = new Int32Array(2 * MOST_CHANGES + 3);
  /** @type {Int32Array[]} */
  const trace = [];
  for (let changes = 0; changes <= most; changes++) {
    trace.push(reach.slice());
    for (let k = -changes; k <= changes; k += 2) {
      const from = comesDown(reach, middle, k, changes) ? at(reach, middle + k + 1) : at(reach, middle + k - 1) + 1;
      const x = slid(a, b, from, k);
      reach[middle + k] = x;
      if (x >= a.length && x - k >= b.length) return walkedBack(trace, middle, a.length, b.length);
    }
  }
  return [];
}

/** How far both go on alike on diagonal k. @param {string[]} a @param {string[]} b @param {number} x @param {number} k */
function slid(a, b, x, k) {
  let end = x;
  while (end < a.length && end - k < b.length && a[end] === b[end - k]) end++;
  return end;
}

/** @param {Int32Array} numbers @param {number} index */
const at = (numbers, index) => numbers[index] ?? 0;

/** Whether a line was added, rather than removed, to come to diagonal k. @param {Int32Array} reach @param {number} middle @param {number} k @param {number} changes */
const comesDown = (reach, middle, k, changes) =>
  k === -changes || (k !== changes && at(reach, middle + k - 1) < at(reach, middle + k + 1));

/** @param {Int32Array[]} trace @param {number} middle @param {number} x @param {number} y */
function walkedBack(trace, middle, x, y) {
  /** @type {[number, number][]} */
  const found = [];
  for (let changes = trace.length - 1; changes >= 0; changes--) {
    const reach = /** @type {Int32Array} */ (trace[changes]);
    const k = x - y;
    const from = comesDown(reach, middle, k, changes) ? k + 1 : k - 1;
    const [fromX, fromY] = [at(reach, middle + from), at(reach, middle + from) - from];
    while (x > fromX && y > fromY && x > 0 && y > 0) found.push(pair(--x, --y));
    [x, y] = [fromX, fromY];
  }
  return found.reverse();
}
