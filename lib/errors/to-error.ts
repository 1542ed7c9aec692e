/** Returns whether it is an error, also one of another realm, as Node's own are where Jest runs the tests. */
export function isError(value: unknown): value is Error {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]';
}

export function toError(value: unknown): Error {
  return isError(value) ? value : new Error(String(value));
}
