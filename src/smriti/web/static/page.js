// What all parts of the page need. Text enters the page as text only.

export const element = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));

export const notice = (/** @type {string} */ text) => { element("notice").textContent = text; };

/** @param {string} tag @param {Record<string, any>} properties @param {...(Node | string)} children */
export function make(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

/** Run an action; what goes wrong is told, not swallowed. @param {() => Promise<unknown>} action */
export const attempt = (action) => action().catch((error) => {
  if (error.name !== "AbortError") notice(error.message); // else we have left it ourselves
});
