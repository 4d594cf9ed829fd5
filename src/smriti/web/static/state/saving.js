// What saves itself while somebody edits it: all of it counts in the answer to what is asked next.

/** @type {Set<() => Promise<unknown>>} */
const edited = new Set();

/** Until the result is called, `save` is done before anything is asked. @param {() => Promise<unknown>} save */
export function savedFirst(save) {
  edited.add(save);
  return () => { edited.delete(save); };
}

/** Done when all is saved, or could not be. */
export const allSaved = () => Promise.allSettled([...edited].map((save) => save()));
