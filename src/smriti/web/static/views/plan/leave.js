// To Stripe's pages and back: the browser goes where the server says.
import { json } from "../../api.js";

const PREFIX = "/payments/stripe";

/** Ask where to go, and go there. It is asked once: what is bought is never bought twice by us. @param {"/checkout" | "/portal"} path @param {unknown} [body] */
export async function leaveFor(path, body) {
  const { url } = await json(`${PREFIX}${path}`, { method: "POST", body, key: null });
  if (!isSafe(new URL(url))) throw new Error("The server named an address that is not safe. Nothing was bought.");
  location.assign(url);
}

/** An encrypted address; a plain one only from a page that is plain, as on one's own machine. @param {URL} url */
function isSafe({ protocol }) {
  return protocol === "https:" || (protocol === "http:" && location.protocol === "http:");
}
