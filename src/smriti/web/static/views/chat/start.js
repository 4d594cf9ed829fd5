// The address of the app itself: the last conversation, else a new one.
import { go, link, route } from "../../router.js";
import { pages } from "../../state/store.js";
import { html, useEffect } from "../../vendor/preact.js";
import { Lazy, Skeleton } from "../lazy.js";
import { when } from "./conversations.js";

/** @import { Pages } from "../../state/store.js" */
/** @import { Conversation } from "../../types.d.ts" */

export const title = "";

const fresh = () => import("./new.js");

export function View() {
  /** @type {Pages<Conversation>} */
  const { items: { value: items }, error: { value: error } } = pages("/conversations/");
  const newest = items && [...items].sort((one, other) => (when(one) < when(other) ? 1 : -1))[0];
  useEffect(() => {
    if (newest && route.peek().name === "") go(link("c", newest.conversation_id), { replace: true });
  }, [newest]);
  if (newest || (!items && !error)) return html`<${Skeleton} />`;
  return html`<${Lazy} load=${fresh} props=${{ params: {} }} />`;
}
