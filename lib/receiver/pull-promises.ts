import { abortable, assertWaitOptions, type WaitOptions } from '../abort.js';
import { assertCodec, type Codec } from '../codec/codec.js';
import { ChannelClosedError } from '../errors/errors.js';
import { optionNames } from '../errors/known-options.js';
import type { Message } from '../channel.js';
import { handlingOf } from '../queue/handling.js';
import { decoderOf } from './decoder.js';
import type { Pull } from './pulls.js';
import type { ReceiverCore } from './receiver-core.js';

interface GetOptions<T> extends WaitOptions {
  readonly codec?: Codec<T>;
}

const GET_OPTIONS = optionNames<GetOptions<unknown>>({ codec: true, signal: true });

/** Implements `get()`. */
export function pullMessage<T>(
  core: ReceiverCore,
  options: GetOptions<T> | undefined,
): Promise<Message<T> | undefined> {
  core.stream.pulls.inHand.endAll('handled');
  const plain = options === undefined ? core.takePlain('pin') : undefined;
  if (plain) return Promise.resolve(plain as Message<T>);
  try {
    if (options !== undefined) assertWaitOptions('get()', options, GET_OPTIONS);
    const { codec, signal } = options ?? {};
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    if (codec !== undefined) assertCodec(codec);
    const decode = decoderOf(codec);
    const ready = core.takeReady(decode, 'pin');
    if (!ready) return waitForMessage(core, decode, signal);
    core.stream.pulls.inHand.add(handlingOf(ready));
    return Promise.resolve(ready);
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
    give: (message) => {
      if (message) core.stream.pulls.inHand.add(handlingOf(message));
      resolve(message);
    },
    fail: reject,
    end: (hasWaited) => {
      if (hasWaited) resolve(undefined);
      else reject(new ChannelClosedError('The Receiver is stopped, and its queue is empty. Make a new one.'));
    },
  }));
}

/** Implements `waitMessage()`. */
export function pullWaiting(core: ReceiverCore, options: WaitOptions): Promise<boolean> {
  try {
    assertWaitOptions('waitMessage()', options);
  } catch (error) {
    return Promise.reject(error);
  }
  const { signal } = options;
  if (signal?.aborted) return Promise.reject(signal.reason as Error);
  if (core.endOfStream) return Promise.resolve(false);
  return pullWithAbort<never, boolean>(core, signal, (resolve, reject) => ({
    decode: undefined,
    give: () => resolve(true),
    fail: (error) => (core.endOfStream ? resolve(false) : reject(error)),
    end: () => resolve(false),
  }));
}

/** Creates and adds a pull. When the signal aborts, the pull is removed without a message, and the promise rejects with the reason. */
function pullWithAbort<T, R>(
  core: ReceiverCore,
  signal: AbortSignal | undefined,
  create: (resolve: (value: R) => void, reject: (reason: unknown) => void) => Pull<T>,
): Promise<R> {
  return abortable<R>(signal, (resolve, reject) => {
    const pull = create(resolve, reject);
    core.pull(pull, 'pin');
    return () => core.stream.pulls.remove(pull);
  });
}
