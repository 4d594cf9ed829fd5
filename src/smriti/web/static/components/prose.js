// Markdown to nodes. Raw HTML is no markup here but text; pictures are links, for an address can carry secrets out.
import { Marked } from "../vendor/markdown.js";
import { dress } from "./code.js";
import { prose } from "./purify.js";

/** @import { Token, Tokens } from "../vendor/markdown.js" */
/** @typedef {Record<string, { href: string | null, title: string | null | undefined }>} Links what `[label]: address` lines have told */

const DEFINITION = /^ {0,3}\[(?!\^)((?:\\.|[^[\]\\\n])+)\]:[ \t]*(?:<([^<>\n]*)>|(\S+))(?:[ \t]+(?:"([^"\n]*)"|'([^'\n]*)'|\(([^()\n]*)\)))?[ \t]*(?:\n+|$)/;
const ENTITIES = /** @type {Record<string, string>} */ ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" });

const DEEPEST = 40;

let inLink = false;
const marked = new Marked({
  gfm: true,
  breaks: true,
  tokenizer: { html: () => undefined, tag: () => undefined, def: definition },
  renderer: {
    heading({ tokens, depth }) {
      const level = Math.min(depth + 2, 6);
      return `<h${level}>${this.parser.parseInline(tokens)}</h${level}>`;
    },
    code({ text, lang }) {
      return `<pre><code class="language-${escaped(languageOf(lang))}">${escaped(text.replace(/\n$/, ""))}</code></pre>`;
    },
    link({ href, title, tokens }) {
      inLink = true;
      const text = this.parser.parseInline(tokens);
      inLink = false;
      return anchor(href, title, text);
    },
    image({ href, title, text }) {
      const label = `🖼 ${escaped(text || "picture")}`;
      return inLink ? label : anchor(href, title, label);
    },
  },
});

/** What HTML and Markdown would each change in their own way. @param {string} text */
export const normal = (text) => text.replace(/\r\n?/g, "\n").replaceAll("\0", "\ufffd");

/** The blocks of a text, and the addresses told before or in it. @param {string} text @param {Links} [known] */
export function lex(text, known = {}) {
  const lexer = new marked.Lexer(marked.defaults);
  Object.assign(lexer.tokens.links, known);
  try {
    const tokens = lexer.lex(text).map((token) => (isDeep(token, DEEPEST) ? plain(token.raw) : token));
    return { tokens, links: /** @type {Links} */ (lexer.tokens.links) };
  } catch {
    return { tokens: [plain(text)], links: known }; // nested deeper than anything that is meant to be read
  }
}

/** @param {Token[]} tokens */
export function nodesOf(tokens) {
  inLink = false;
  const fragment = prose(markupOf(tokens));
  dress(fragment);
  return fragment;
}

/** @param {Token[]} tokens */
function markupOf(tokens) {
  try {
    return marked.parser(tokens);
  } catch {
    return marked.parser([plain(tokens.map(({ raw }) => raw).join(""))]);
  }
}

/** Nobody reads what is nested so deeply, and browsers end over it. @param {Token} token @param {number} left @returns {boolean} */
function isDeep(token, left) {
  const { tokens = [], items = [] } = /** @type {{ tokens?: Token[], items?: Token[] }} */ (token);
  return left === 0 || [...tokens, ...items].some((inner) => isDeep(inner, left - 1));
}

/** Every definition among blocks, also deep in lists and quotes. @param {Token[]} tokens @param {Links} links what they are added to */
export function addDefined(tokens, links) {
  marked.walkTokens(tokens, (token) => {
    if (token.type === "def") links[token.tag] ??= { href: token.href, title: token.title };
  });
}

/** @param {string | undefined} lang */
export const languageOf = (lang) => (/^\S*/.exec(lang ?? "")?.[0] ?? "").toLowerCase().replace("#", "sharp");

/** On one line: what is defined is known as soon as the line ends. @param {string} text @returns {Tokens.Def | undefined} */
function definition(text) {
  const found = DEFINITION.exec(text);
  if (!found) return undefined;
  const [raw, label = "", bracketed, bare, ...titles] = found;
  return {
    type: "def",
    raw,
    tag: labelled(label),
    href: bracketed ?? bare ?? "",
    title: titles.find((title) => title !== undefined) ?? "",
  };
}

/** As marked compares labels. @param {string} text */
export const labelled = (text) => text.trim().replace(/\s+/g, " ").toLowerCase().toUpperCase().toLowerCase();

/** @param {string} text @returns {Tokens.Paragraph} */
const plain = (text) => ({ type: "paragraph", raw: text, text, tokens: [{ type: "text", raw: text, text, escaped: false }] });

/** @param {string} href @param {string | null | undefined} title @param {string} markup */
const anchor = (href, title, markup) =>
  `<a href="${escaped(href)}"${title ? ` title="${escaped(title)}"` : ""}>${markup}</a>`;

/** @param {string} text */
const escaped = (text) => text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? "");
