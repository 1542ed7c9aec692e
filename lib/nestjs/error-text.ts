import { inspect, types } from 'node:util';

/** Returns the text for any thrown value: an Error, one of Nest's objects, `undefined`. Never throws. */
export function errorText(error: unknown): string {
  if (typeof error === 'string') return error;
  const { message, code } = (error ?? {}) as { message?: unknown; code?: unknown };
  if (typeof message !== 'string') return inspect(error);
  // Node's error has no message where all addresses of one name have failed.
  return message === '' && typeof code === 'string' ? code : message;
}

/** Returns the text of a client's error, without the credentials of a URL. */
export function connectionErrorText(error: unknown): string {
  return errorText(error).replace(/(\w+:\/\/)\S*@/g, '$1…@');
}

export function stackOf(error: unknown): string | undefined {
  return types.isNativeError(error) ? error.stack : undefined;
}
