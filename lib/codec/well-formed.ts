/** A lone surrogate: UTF-8 has no bytes for it, and Redis would get another character in its place. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Returns whether a string reaches Redis unchanged. */
export function isWellFormed(text: string): boolean {
  return !LONE_SURROGATE.test(text);
}
