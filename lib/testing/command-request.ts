import type { Acknowledgement } from './acknowledgement.js';
import type { BlockingCommand } from './blocked-reads.js';
import type { MemoryServer } from './memory-server.js';
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

/** Returns the request of a command that can block its connection. Its reply is null when the time is over. */
export function blockingRequestOf<T>(
  command: BlockingCommand<T>,
  server: MemoryServer,
  promise: Acknowledgement<T | null>,
): Request {
  let value: T | null = null;
  let stopWaiting = () => {};
  return {
    execute: (resume) => {
      try {
        const reply = server.execute(() => command.attempt());
        value = reply ?? null;
        if (reply !== undefined) return undefined;
      } catch (error) {
        return toError(error);
      }
      stopWaiting = server.blocked.add(command, (outcome) => {
        if ('error' in outcome) return resume(toError(outcome.error));
        value = outcome.value;
        resume();
      });
      return 'blocked';
    },
    onReply: () => undefined,
    cancel: () => stopWaiting(),
    settle: (error) => (error ? promise.reject(error) : promise.resolve(value)),
  };
}
