// How long to wait for a server that does not answer: longer each time.

const PAUSES = { firstMs: 1000, longestMs: 30_000 };

/** @param {number} failures so far */
export const pauseMs = (failures) => Math.min(PAUSES.firstMs * 2 ** failures, PAUSES.longestMs);
