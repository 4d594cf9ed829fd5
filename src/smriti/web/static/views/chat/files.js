// The files that came with a question.
import { request } from "../../api.js";
import { size } from "../../components/file.js";
import { Icon } from "../../icons.js";
import { html, useState } from "../../vendor/preact.js";
import { isPicture, prepared } from "./attachments.js";

/** @import { Row } from "../../state/talk-rows.js" */
/** @import { AttachmentInfo, AttachmentUpload } from "../../types.d.ts" */

/** @param {{ row: Row, path: string }} props `path` of the conversation */
export function View({ row, path }) {
  return html`<ul class="chat-files" aria-label="Attached files">
    ${row.attachments.map((file, at) => html`<li key=${at}><${File} file=${file} address=${addressOf(row, path, at)} /></li>`)}
  </ul>`;
}

/** @param {{ file: AttachmentInfo, address: string }} props */
function File({ file: { filename, size: bytes }, address }) {
  const [isShown, setShown] = useState(true);
  const name = html`<span class="name">${filename}</span><span class="meta figure">${size(bytes)}</span>`;
  if (!address) return html`<span class="chat-file"><${Icon} name="file" size=${18} />${name}</span>`;
  return html`<a class="chat-file" href=${address} target="_blank" rel="noopener">
    ${isPicture(filename) && isShown
      ? html`<img class="chat-picture" src=${address} alt="" loading="lazy" onError=${() => setShown(false)} />`
      : html`<${Icon} name="file" size=${18} />`}${name}
  </a>`;
}

/** @param {Row} row @param {string} path @param {number} at */
const addressOf = ({ id }, path, at) => (id ? `${path}/messages/${id}/attachments/${at}` : "");

/** The same files, to be sent once more. @param {Row} row @param {string} path @returns {Promise<AttachmentUpload[]>} */
export function again(row, path) {
  return Promise.all(row.attachments.map(async ({ filename }, at) => {
    const content = await (await request(addressOf(row, path, at))).blob();
    return prepared(new window.File([content], filename, { type: content.type }));
  }));
}
