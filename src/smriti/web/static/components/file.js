// Files that are dropped, or chosen.
import { Icon } from "../icons.js";
import { html, useRef, useState } from "../vendor/preact.js";

/** @param {{ onFiles: (files: File[]) => void, accept?: string, multiple?: boolean, children?: any }} props */
export function Drop({ onFiles, accept, multiple = false, children }) {
  const [over, setOver] = useState(false);
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const drop = (/** @type {DragEvent} */ event) => {
    event.preventDefault();
    setOver(false);
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length) onFiles(multiple ? files : files.slice(0, 1));
  };
  const choose = () => {
    const files = [...(input.current?.files ?? [])];
    if (input.current) input.current.value = "";
    if (files.length) onFiles(files);
  };
  const drag = (/** @type {DragEvent} */ event) => {
    event.preventDefault();
    setOver(true);
  };
  return html`<label class=${over ? "drop over" : "drop"} onDragOver=${drag} onDragLeave=${() => setOver(false)} onDrop=${drop}>
    <${Icon} name="upload" /><span>${children ?? "Drop a file here, or choose one"}</span>
    <input ref=${input} class="unseen" type="file" accept=${accept} multiple=${multiple} onChange=${choose} />
  </label>`;
}

/** @param {number} bytes */
export function size(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  const [unit, amount] = bytes < 1e6 ? ["KB", bytes / 1e3] : ["MB", bytes / 1e6];
  return `${amount.toLocaleString([], { maximumFractionDigits: 1 })} ${unit}`;
}
