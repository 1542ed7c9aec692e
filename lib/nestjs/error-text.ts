import { inspect, types } from 'node:util';

/** What to say of something that was thrown, whatever it is: an Error, one of Nest's objects, `undefined`. Never throws. */
export function errorText(error: unknown): string {
  if (typeof error === 'string') return error;
  const { message, code } = (error ?? {}) as { message?: unknown; code?: unknown };
  if (typeof message !== 'string') return inspect(error);
  // Several addresses of one name that all fail make an error without a message.
  return message === '' && typeof code === 'string' ? code : message;
}

/** The text of a client's error, without the credentials of a URL. */
export function connectionErrorText(error: unknown): string {
  return errorText(error).replace(/(\w+:\/\/)\S*@/g, '$1…@');
}

export function stackOf(error: unknown): string | undefined {
  return types.isNativeError(error) ? error.stack : undefined;
}
