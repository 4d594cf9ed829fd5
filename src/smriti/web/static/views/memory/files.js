// Passages out of a file: JSON, one JSON document a line, or plain text with a passage a paragraph.

/** @import { ArchivalMemoryImport } from "../../types.d.ts" */
/** @typedef {{ items: ArchivalMemoryImport[], unread: string[] }} Read `unread`: what could not be read, and why */

const MOST_BYTES = 50e6;
const FIELDS = /** @type {const} */ (["author", "created_at", "conversation_id", "sequence"]);

/** @param {File} file @returns {Promise<Read>} */
export async function passagesIn(file) {
  if (file.size > MOST_BYTES) throw new Error("The file is larger than 50 MB. Cut it into several; what is in the archive already is not stored twice.");
  const text = (await file.text()).replace(/^\ufeff/, "");
  const read = readerOf(file.name, text)(text);
  if (!read.items.length) throw new Error(read.unread[0] ?? "There is no passage in this file.");
  return read;
}

/** @param {string} name @param {string} text @returns {(text: string) => Read} */
function readerOf(name, text) {
  if (/\.(jsonl|ndjson)$/i.test(name)) return ofLines;
  if (!/\.json$/i.test(name)) return ofParagraphs;
  return /^\s*\{.*\}\s*\n\s*\{/.test(text) ? ofLines : ofDocument;
}

/** @param {string} text @returns {Read} */
function ofDocument(text) {
  /** @type {any} */
  let found;
  try {
    found = JSON.parse(text);
  } catch {
    throw new Error("This is not valid JSON. Is the file whole?");
  }
  const all = Array.isArray(found) ? found : found?.items;
  if (!Array.isArray(all)) throw new Error("In a JSON file there must be a list of passages, or an object with the list as “items”.");
  return gathered(all.map((one, at) => () => passage(one, `Passage ${at + 1}`)));
}

/** @param {string} text @returns {Read} */
function ofLines(text) {
  const lines = text.split("\n").map((line, at) => ({ line: line.trim(), at: at + 1 })).filter(({ line }) => line);
  return gathered(lines.map(({ line, at }) => () => {
    try {
      return passage(JSON.parse(line), `Line ${at}`);
    } catch (error) {
      throw error instanceof SyntaxError ? new Error(`Line ${at} is not valid JSON.`, { cause: error }) : error;
    }
  }));
}

/** @param {string} text @returns {Read} */
function ofParagraphs(text) {
  const paragraphs = text.split(/(?:\r?\n[^\S\n]*){2,}/).map((one) => one.trim()).filter(Boolean);
  return { items: paragraphs.map((content) => ({ content })), unread: [] };
}

/** @param {any} one @param {string} where @returns {ArchivalMemoryImport} */
function passage(one, where) {
  if (typeof one === "string") return { content: one };
  const content = one?.content ?? one?.text;
  if (typeof content !== "string") throw new Error(`${where} has no text: it must be a text, or an object with “content”.`);
  const told = FIELDS.filter((name) => one[name] !== undefined && one[name] !== null);
  return { content, ...Object.fromEntries(told.map((name) => [name, one[name]])), ...(Array.isArray(one.tags) ? { tags: one.tags } : {}) };
}

/** @param {(() => ArchivalMemoryImport)[]} readers @returns {Read} */
function gathered(readers) {
  /** @type {Read} */
  const read = { items: [], unread: [] };
  for (const one of readers) {
    try {
      read.items.push(one());
    } catch (error) {
      read.unread.push(/** @type {Error} */ (error).message);
    }
  }
  return read;
}
