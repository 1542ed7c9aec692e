import type { Acknowledgement } from './acknowledgement.js';
import type { Request } from './request-line.js';
import { toError } from '../errors/to-error.js';

/** Returns a request whose result settles the promise. */
export function requestOf<T>(execute: () => T, promise: Acknowledgement<T>): Request {
  let settle = () => {};
  return {
    execute: () => {
      try {
        const value = execute();
        settle = () => promise.resolve(value);
        return undefined;
      } catch (error) {
        return toError(error);
      }
    },
    onReply: () => undefined,
    settle: (error) => (error ? promise.reject(error) : settle()),
  };
}
