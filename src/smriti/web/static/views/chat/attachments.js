// Files that shall go with a question: read here, as the server takes them.

/** @import { AttachmentUpload } from "../../types.d.ts" */
/** @typedef {AttachmentUpload & { size: number }} Attached */

const TEXTS = "txt md csv json py js ts tsx jsx java go rs rb php html css xml yaml yml sh sql c cpp h".split(" ");
const PICTURES = "png jpg jpeg gif webp".split(" ");
const MOST = 5;
const TOO_MANY = `At most ${MOST} files go with one message.`;
const KB = 1024;
const LIMITS = {
  text: { one: 100 * KB, all: 250 * KB, words: "Text files may have 100 KB each, 250 KB together." },
  picture: { one: 5 * KB * KB, all: 6 * KB * KB, words: "Pictures may have 5 MB each, 6 MB together." },
};
const LONGEST_PX = 2048;

const ending = (/** @type {string} */ name) => name.split(".").at(-1)?.toLowerCase() ?? "";
export const isPicture = (/** @type {string} */ name) => PICTURES.includes(ending(name));

/** Read them; fails with a sentence when one cannot go. @param {File[]} files @returns {Promise<Attached[]>} */
export async function allPrepared(files) {
  if (files.length > MOST) throw new Error(TOO_MANY);
  return Promise.all(files.map(prepared));
}

/**
 * Those before and these; fails with a sentence when they are too much for one message.
 * @param {Attached[]} before @param {Attached[]} added @returns {Attached[]}
 */
export function together(before, added) {
  const all = [...before, ...added];
  if (all.length > MOST) throw new Error(TOO_MANY);
  for (const isOfPictures of [false, true]) {
    const { all: limit, words } = isOfPictures ? LIMITS.picture : LIMITS.text;
    const bytes = all.filter(({ filename }) => isPicture(filename) === isOfPictures).reduce((sum, { size }) => sum + size, 0);
    if (bytes > limit) throw new Error(words);
  }
  return all;
}

/** @param {File} file @returns {Promise<Attached>} */
export async function prepared(file) {
  const filename = file.name.replace(/[/\\\p{Cc}]/gu, "_").slice(-255) || "file.txt";
  if (isPicture(filename)) return picture(filename, file);
  if (!TEXTS.includes(ending(filename))) {
    throw new Error(`“${filename}” is of a kind that agents cannot read. Text files and pictures (png, jpg, gif, webp) go.`);
  }
  if (file.size > LIMITS.text.one) throw new Error(`“${filename}” is too large. ${LIMITS.text.words}`);
  return { filename, content: await file.text(), size: file.size };
}

/** @param {string} filename @param {File} file @returns {Promise<Attached>} */
async function picture(filename, file) {
  const small = file.size > LIMITS.picture.one ? await drawnSmaller(file) : file;
  if (small.size > LIMITS.picture.one) throw new Error(`“${filename}” is too large. ${LIMITS.picture.words}`);
  const name = small === file ? filename : filename.replace(/\.[^.]*$/, ".jpg");
  return { filename: name, content: await base64(small), size: small.size };
}

/** @param {Blob} file @returns {Promise<Blob>} */
async function drawnSmaller(file) {
  const image = await createImageBitmap(file);
  const scale = Math.min(1, LONGEST_PX / Math.max(image.width, image.height));
  const canvas = new OffscreenCanvas(Math.round(image.width * scale), Math.round(image.height * scale));
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  image.close();
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.85 });
}

/** @param {Blob} file @returns {Promise<string>} */
function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,/, ""));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}
