// How long to wait for a server that does not answer: longer each time.

const PAUSES_MS = [500, 1000, 2000, 4000, 8000, 15000];

/** @param {number} failures so far */
export const pauseMs = (failures) => PAUSES_MS[failures] ?? 30_000;
