// What is shown of addresses and names that somebody else wrote.

const SCHEMES = new Set(["http:", "https:", "mailto:"]);

/** An address that a link may lead to, spelled out; anything else, also what is relative, is none. @param {string} text */
export function safeUrl(text) {
  const url = URL.parse(text);
  return url && SCHEMES.has(url.protocol) ? url.href : undefined;
}

/** A long name without its middle: both ends tell more. @param {string} text @param {number} [most] characters that are left */
export const cutMiddle = (text, most = 40) => {
  const characters = [...text];
  if (characters.length <= most) return text;
  const end = Math.floor((most - 1) / 2);
  return `${characters.slice(0, most - 1 - end).join("")}…${characters.slice(characters.length - end).join("")}`;
};
