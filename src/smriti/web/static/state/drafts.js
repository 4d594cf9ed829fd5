// What somebody has typed and not sent yet; it outlives a reload and an ended sign-in.

const PREFIX = "draft:";

/** @param {string} conversation @returns {string} */
export function draftOf(conversation) {
  return sessionStorage.getItem(PREFIX + conversation) ?? "";
}

/** @param {string} conversation @param {string} text "" forgets it */
export function keepDraft(conversation, text) {
  if (text) sessionStorage.setItem(PREFIX + conversation, text);
  else sessionStorage.removeItem(PREFIX + conversation);
}

export function forgetDrafts() {
  for (const key of Object.keys(sessionStorage)) {
    if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
  }
}
