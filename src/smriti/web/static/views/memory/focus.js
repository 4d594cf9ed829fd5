// Where the focus goes when a form comes.
import { useLayoutEffect, useRef } from "../../vendor/preact.js";

/** For the field that is written first, also when a dialog opens around it in a moment. @returns {{ current: HTMLElement | null }} */
export function useFirst() {
  const node = useRef(/** @type {HTMLElement | null} */ (null));
  useLayoutEffect(() => {
    node.current?.setAttribute("autofocus", "");
    node.current?.focus();
  }, []);
  return node;
}
