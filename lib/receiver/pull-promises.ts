import type { Codec } from '../codec/codec.js';
import { assertCodec } from '../codec/codec.js';
import { ChannelClosedError } from '../errors/errors.js';
import { invalidArgument } from '../errors/invalid-argument.js';
import { assertKnownOptions, optionNames } from '../errors/known-options.js';
import type { Message } from '../channel/message.js';
import type { Pull } from './pulls.js';
import type { ReceiverCore } from './receiver-core.js';

interface WaitOptions {
  readonly signal?: AbortSignal;
}

interface GetOptions<T> extends WaitOptions {
  readonly codec?: Codec<T>;
}

const WAIT_OPTIONS = optionNames<WaitOptions>({ signal: true });
const GET_OPTIONS = optionNames<GetOptions<unknown>>({ codec: true, signal: true });

/** What stands behind `get()`. */
export function pullMessage<T>(
  core: ReceiverCore,
  options: GetOptions<T> | undefined,
): Promise<Message<T> | undefined> {
  const plain = options === undefined ? core.takePlain('pin') : undefined;
  if (plain) return Promise.resolve(plain as Message<T>);
  try {
    if (options !== undefined) assertPullOptions('get()', options, GET_OPTIONS);
    const { codec, signal } = options ?? {};
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
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
  return withAbort(core, signal, (resolve, reject) => {
    let isWaiting = false;
    const pull: Pull<T> = {
      decode,
      give: resolve,
      fail: reject,
      end: () => {
        if (isWaiting) resolve(undefined);
        else
          reject(new ChannelClosedError('The Receiver is stopped, and its queue is empty. Make a new one.'));
      },
    };
    core.pull(pull, 'pin');
    isWaiting = true;
    return pull;
  });
}

/** What stands behind `waitMessage()`. */
export function pullWaiting(core: ReceiverCore, options: WaitOptions): Promise<boolean> {
  try {
    assertPullOptions('waitMessage()', options, WAIT_OPTIONS);
  } catch (error) {
    return Promise.reject(error);
  }
  return withAbort(core, options.signal, (resolve, reject) => {
    if (core.endOfStream) {
      resolve(false);
      return undefined;
    }
    const pull: Pull<never> = {
      decode: undefined,
      give: () => resolve(true),
      fail: (error) => (core.endOfStream ? resolve(false) : reject(error)),
      end: () => resolve(false),
    };
    core.pull(pull, 'pin');
    return pull;
  });
}

function assertPullOptions(method: string, options: WaitOptions, known: readonly string[]): void {
  assertKnownOptions(`the options of ${method}`, options, known);
  const { signal } = options;
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw invalidArgument("the option 'signal'", 'an AbortSignal', signal);
}

/** Rejects with the signal's reason when it aborts, and takes the pull out of the line. */
function withAbort<T>(
  core: ReceiverCore,
  signal: AbortSignal | undefined,
  start: (resolve: (value: T) => void, reject: (reason: unknown) => void) => Pull<unknown> | undefined,
): Promise<T> {
  if (!signal) return new Promise((resolve, reject) => void start(resolve, reject));
  if (signal.aborted) return Promise.reject(signal.reason as Error);
  return new Promise<T>((resolve, reject) => {
    // The signal may abort while it starts.
    let pull: Pull<unknown> | undefined = undefined;
    const onAbort = () => {
      if (pull) core.cancelPull(pull);
      reject(signal.reason as Error);
    };
    const settled =
      <V>(settle: (value: V) => void) =>
      (value: V) => {
        signal.removeEventListener('abort', onAbort);
        settle(value);
      };
    signal.addEventListener('abort', onAbort, { once: true });
    pull = start(settled(resolve), settled(reject));
  });
}
