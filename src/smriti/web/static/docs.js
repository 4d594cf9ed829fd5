// The API's documentation, drawn from the OpenAPI document. Works without the internet.
import { json } from "./api.js";

/** @param {string} tag @param {...(Node | string)} children */
function make(tag, ...children) {
  const node = document.createElement(tag);
  node.append(...children);
  return node;
}

const METHODS = ["get", "post", "put", "patch", "delete"];
const document_ = await json("/openapi.json");

/** @type {Record<string, unknown>} */
const SCALARS = { integer: 1, number: 1.0, boolean: true };

/** A value of this schema, as an example; deeper than six levels is left out. @returns {unknown} */
function example(/** @type {any} */ schema, depth = 0) {
  if (!schema || depth > 6) return null;
  if (schema.$ref) return example(document_.components.schemas[schema.$ref.split("/").at(-1)], depth);
  const given = [schema.example, schema.examples?.[0], schema.default, schema.const, schema.enum?.[0]];
  return given.find((value) => value !== undefined) ?? made(schema, depth);
}

/** @returns {unknown} */
function made(/** @type {any} */ schema, /** @type {number} */ depth) {
  const [choice] = [schema.anyOf, schema.oneOf, schema.allOf].filter(Boolean);
  if (choice) return example(choice[0], depth + 1);
  if (schema.type === "array") return [example(schema.items, depth + 1)];
  if (schema.type === "string") return schema.format ?? "text";
  if (!schema.properties) return SCALARS[schema.type] ?? null;
  return Object.fromEntries(Object.entries(schema.properties)
    .map(([name, property]) => [name, example(property, depth + 1)]));
}

/** @param {any} content */
function sample(content) {
  const [type, media] = Object.entries(content ?? {})[0] ?? [];
  if (!type) return null;
  const body = media.example ?? example(media.schema);
  return make("pre", typeof body === "string" ? body : JSON.stringify(body, null, 2));
}

/** @param {string} title @param {Node | null} content */
const section = (title, content) => (content ? [make("h3", title), content] : []);

function parameters(/** @type {any[]} */ list = []) {
  if (list.length === 0) return null;
  return make("ul", ...list.map((one) => make("li", make("code", one.name),
    ` in ${one.in}${one.required ? "" : ", optional"}${one.description ? `: ${one.description}` : ""}`)));
}

/** @param {string} method @param {string} path @param {any} operation */
function drawn(method, path, operation) {
  const responses = Object.entries(operation.responses).flatMap(([status, response]) =>
    /^2|^3/.test(status) ? section(`${status}: ${response.description}`, sample(response.content) ?? make("p", "No body.")) : []);
  return make("details",
    make("summary", make("b", method.toUpperCase()), `${path} `, make("span", operation.summary ?? "")),
    ...(operation.description ? [make("p", operation.description)] : []),
    ...section("Parameters", parameters(operation.parameters)),
    ...section("Body", sample(operation.requestBody?.content)),
    ...responses);
}

/** @type {Map<string, HTMLElement[]>} */
const groups = new Map();
for (const [path, item] of Object.entries(document_.paths)) {
  for (const method of METHODS.filter((name) => item[name])) {
    const tag = item[method].tags?.[0] ?? "other";
    groups.set(tag, [...(groups.get(tag) ?? []), drawn(method, path, item[method])]);
  }
}
document.getElementById("operations")?.replaceChildren(
  ...[...groups].map(([tag, operations]) => make("section", make("h2", tag), ...operations)));
