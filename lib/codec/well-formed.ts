/** A surrogate that stands alone: UTF-8 has no bytes for it, and another character would go to Redis in its place. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Whether a string reaches Redis as it is. */
export function isWellFormed(text: string): boolean {
  return !LONE_SURROGATE.test(text);
}
