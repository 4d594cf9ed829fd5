// The second wall: whatever markup a library makes of a text, only these elements and attributes of it enter the page.
import { DOMPurify } from "../vendor/markdown.js";
import { safeUrl } from "./safe.js";

const PROSE = /** @type {const} */ ({
  RETURN_DOM_FRAGMENT: true,
  ALLOWED_TAGS: [
    "p", "br", "hr", "em", "strong", "del", "code", "pre", "ul", "ol", "li", "blockquote", "h3", "h4", "h5", "h6",
    "table", "thead", "tbody", "tr", "th", "td", "a", "input",
  ],
  ALLOWED_ATTR: ["href", "title", "start", "align", "type", "checked", "disabled", "class"],
  ALLOWED_URI_REGEXP: /^(?:https?|mailto):/i,
  ADD_URI_SAFE_ATTR: ["type", "align", "start"], // which the pattern above is not asked about
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
});
const CODE = /** @type {const} */ ({ ...PROSE, ALLOWED_TAGS: ["span"], ALLOWED_ATTR: ["class"] });
/** @type {Record<string, RegExp>} */
const CLASSES = { CODE: /^language-[a-z0-9+-]{1,20}$/, SPAN: /^hljs-[a-z_ -]{1,40}$/ };

DOMPurify.addHook("afterSanitizeAttributes", (node) => {
  if (node.hasAttribute("class") && !CLASSES[node.nodeName]?.test(node.className)) node.removeAttribute("class");
  if (node instanceof HTMLAnchorElement) restrainLink(node);
  if (node instanceof HTMLInputElement) restrainInput(node);
});

/** @param {string} markup @returns {DocumentFragment} */
export const prose = (markup) => sanitized(markup, PROSE);

/** @param {string} markup @returns {DocumentFragment} */
export const colours = (markup) => sanitized(markup, CODE);

/** @param {string} markup @param {typeof PROSE | typeof CODE} rules @returns {DocumentFragment} */
const sanitized = (markup, rules) => /** @type {any} */ (DOMPurify.sanitize(markup, /** @type {any} */ (rules)));

/** @param {HTMLAnchorElement} link */
function restrainLink(link) {
  const url = safeUrl(link.getAttribute("href") ?? "");
  if (!url) return link.removeAttribute("href");
  link.href = url;
  link.target = "_blank";
  link.rel = "noopener noreferrer nofollow";
}

/** @param {HTMLInputElement} input */
function restrainInput(input) {
  if (input.type !== "checkbox" || !input.disabled) return input.remove();
  input.setAttribute("aria-label", input.checked ? "Done" : "To do");
}
