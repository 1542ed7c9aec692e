import { onAbort } from '../abort.js';
import type { Codec } from '../codec/codec.js';
import { assertCodec } from '../codec/codec.js';
import { ChannelClosedError } from '../errors/errors.js';
import type { Message } from '../channel/message.js';
import type { Pull } from './pulls.js';
import type { ReceiverCore } from './receiver-core.js';

/** What stands behind `get()`. */
export function pullMessage<T>(
  core: ReceiverCore,
  options: { codec?: Codec<T>; signal?: AbortSignal } | undefined,
): Promise<Message<T> | undefined> {
  const plain = options ? undefined : core.takePlain('pin');
  if (plain) return Promise.resolve(plain as Message<T>);
  const { codec, signal } = options ?? {};
  if (signal?.aborted) return Promise.reject(signal.reason as Error);
  try {
    if (codec !== undefined) assertCodec(codec);
    const decode = core.decoder(codec);
    const ready = core.takeReady(decode, 'pin');
    return ready ? Promise.resolve(ready) : waitForMessage(core, decode, signal);
  } catch (error) {
    return Promise.reject(error);
  }
}

function waitForMessage<T>(
  core: ReceiverCore,
  decode: Pull<T>['decode'],
  signal: AbortSignal | undefined,
): Promise<Message<T> | undefined> {
  return pullWithAbort<T, Message<T> | undefined>(core, signal, (resolve, reject) => ({
    decode,
    give: resolve,
    fail: reject,
    end: (hasWaited) => {
      if (hasWaited) resolve(undefined);
      else reject(new ChannelClosedError('The Receiver is stopped, and its queue is empty. Make a new one.'));
    },
  }));
}

/** What stands behind `waitMessage()`. */
export function pullWaiting(core: ReceiverCore, { signal }: { signal?: AbortSignal }): Promise<boolean> {
  if (signal?.aborted) return Promise.reject(signal.reason as Error);
  if (core.endOfStream) return Promise.resolve(false);
  return pullWithAbort<never, boolean>(core, signal, (resolve, reject) => ({
    decode: undefined,
    give: () => resolve(true),
    fail: (error) => (core.endOfStream ? resolve(false) : reject(error)),
    end: () => resolve(false),
  }));
}

/** Rejects with the signal's reason when it aborts, and takes the pull out of the line: it takes no message then. */
function pullWithAbort<T, R>(
  core: ReceiverCore,
  signal: AbortSignal | undefined,
  create: (resolve: (value: R) => void, reject: (reason: unknown) => void) => Pull<T>,
): Promise<R> {
  return new Promise<R>((resolve, reject) => {
    let ignoreSignal = () => {};
    const settled =
      <V>(settle: (value: V) => void) =>
      (value: V) => {
        ignoreSignal();
        settle(value);
      };
    const pull = create(settled(resolve), settled(reject));
    if (signal) {
      ignoreSignal = onAbort(signal, () => {
        core.cancelPull(pull);
        reject(signal.reason as Error);
      });
    }
    core.pull(pull, 'pin');
  });
}
