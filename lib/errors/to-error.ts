/** Returns whether a value is an error, even one of another realm, like Node's own errors when Jest runs the tests. */
export function isError(value: unknown): value is Error {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]';
}

export function toError(value: unknown): Error {
  return isError(value) ? value : new Error(String(value));
}
