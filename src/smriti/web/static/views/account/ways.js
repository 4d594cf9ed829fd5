// How this account signs in.

/** @typedef {import("../../types.d.ts").Profile & { has_password?: boolean, sign_in?: "local" | "google" | "link" }} Account */

export {};
