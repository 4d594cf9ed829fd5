// What nobody sees at once can wait for what everybody waits for.

/** Called when that is painted which is in the page now. @param {() => void} then */
export function whenPainted(then) {
  requestAnimationFrame(() => setTimeout(then));
}
