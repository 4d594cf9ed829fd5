// What the models page and the first run do with providers.
import { json } from "../../api.js";
import { confirm } from "../../components/dialog.js";
import { changed } from "../../state/store.js";

/** @import { Values } from "../../components/form.js" */
/** @import { LocalServer, ProviderCheck, ProviderListing } from "../../types.d.ts" */

/** By which provider agents use a model server of this machine. */
export const LOCAL_PROVIDER = "OpenAI";

/** What somebody reads who has never heard of it. @type {Record<string, string>} */
export const ABOUT = {
  Demo: "Answers offline, without a model: good for a first look. It keeps what you tell it, but it does not think.",
  OpenAI: "OpenAI, and every server that speaks like it: Ollama, LM Studio, llama.cpp, vLLM, OpenRouter …",
  Anthropic: "Claude, with a key from the Anthropic console.",
  Bedrock: "The models in your AWS account.",
};

/** Where it runs, in words. @param {LocalServer} server */
export function placeOf({ base_url }) {
  return isHere(base_url) ? "on this machine" : `at ${base_url.split("/")[2]}`;
}

/** Why one would want it. @param {LocalServer} server */
export function praiseOf({ base_url }) {
  return isHere(base_url) ? "Nothing leaves your machine, and there is no key to enter." : "There is no key to enter.";
}

/** @param {string} address */
const isHere = (address) => /^https?:\/\/(127\.0\.0\.1|\[::1\]|localhost)[:/]/.test(address);

/** Providers, models and the forms that list them are not as they were. */
export function providersChanged() {
  changed("/settings/providers", "/llm", "/agents/supported-models", "/agents/update-schema");
}

/** Whether it would answer; nothing is saved. @param {ProviderListing} listing @param {Values} values @returns {Promise<ProviderCheck>} */
export function check({ provider_name: name }, values) {
  return json(`/settings/providers/${encodeURIComponent(name)}/check`, { method: "POST", body: values, key: null });
}

/** What is saved under this name, "" for nothing. @param {ProviderListing | undefined} listing @param {string} setting */
export function settingOf(listing, setting) {
  if (!listing?.is_configured) return "";
  return listing.form.form_inputs.find(({ name }) => name === setting)?.value ?? "";
}

/** The address of the connection that a server of this machine would take the place of. @param {ProviderListing[]} listings */
export function addressInUse(listings) {
  return settingOf(listings.find(({ provider_name: name }) => name === LOCAL_PROVIDER), "base_url");
}

/**
 * Use a server of this machine; asks first when it takes the place of another one. False: it was not wanted.
 * @param {LocalServer} server @param {string} model @param {ProviderListing[]} listings
 */
export async function connectLocal(server, model, listings) {
  const before = addressInUse(listings);
  const isWanted = !before || before === server.base_url || await confirm({
    title: `Use ${server.name} instead?`,
    text: `You are connected to ${before} now. Smriti keeps one connection of this kind: agents that use a model of the other one will need a new one.`,
    action: `Use ${server.name}`,
  });
  if (!isWanted) return false;
  await json(`/settings/providers/${LOCAL_PROVIDER}`, { method: "POST", body: { base_url: server.base_url, api_key: "", model } });
  providersChanged();
  return true;
}
