import type { BaseRpcContext } from '@nestjs/microservices';

/** Hooks of an application around each message, as Nest's transports take them. */
export interface ProcessingHooks {
  /** Hook that starts the work by calling `done`. The hook may be asynchronous, and may decide against the work. */
  readonly start: (context: BaseRpcContext, done: () => Promise<void>) => unknown;
  readonly end: (context: BaseRpcContext) => void;
}

/**
 * Does the work, which never rejects, between the hooks. Resolves when the work is done, or when the start hook has finished
 * without beginning it: otherwise a hook that decides against the work would keep the messages behind it waiting for ever.
 */
export function inHooks(
  { start, end }: ProcessingHooks,
  context: BaseRpcContext,
  work: () => Promise<unknown>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let isWorking = false;
    const done = () => {
      isWorking = true;
      return work()
        .finally(() => end(context))
        .then(() => resolve(), reject);
    };
    const started = start(context, done);
    Promise.resolve(started).then(() => {
      if (!isWorking) resolve();
    }, reject);
  });
}
