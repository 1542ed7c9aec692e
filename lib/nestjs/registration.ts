import type { MessageHandler } from '@nestjs/microservices';
import type { Channel, ChannelKind, Codec, Message, Receiver } from '../index.js';
import { invalidArgument } from '../internal.js';
import type { HandlerExtras } from './handler-extras.js';

/** A handler, and the Channel that leads to it. */
export interface Registration {
  readonly handler: MessageHandler;
  /** The channel's name or the pattern's glob. */
  readonly name: string;
  readonly channel: Channel<unknown>;
  readonly codec: Codec<unknown>;
  /** Whether a request gets an answer from it. */
  readonly isAnswering: boolean;
}

const KINDS: readonly unknown[] = ['channel', 'pattern', 'shard'] satisfies ChannelKind[];

export function register(
  receiver: Receiver<unknown>,
  name: string,
  handler: MessageHandler,
  defaultCodec: Codec<unknown>,
): Registration {
  const { kind, codec = defaultCodec } = extrasOf(handler, name);
  if (!KINDS.includes(kind)) {
    throw invalidArgument(`the kind of the handler of ${name}`, "'channel', 'pattern' or 'shard'", kind);
  }
  assertAlike(handler, name);
  const channel = receiver[kind](name, { codec });
  // A pattern hears requests that another handler is there for.
  const isAnswering = !handler.isEventHandler || kind !== 'pattern';
  return { handler, name, channel, codec, isAnswering };
}

/** Nest chains the handlers of one name, and one subscription serves them all. */
function assertAlike(first: MessageHandler, name: string): void {
  const { kind, codec } = extrasOf(first, name);
  let handler: MessageHandler | undefined = first;
  while ((handler = handler.next as MessageHandler | undefined)) {
    const other = extrasOf(handler, name);
    if (other.kind === kind && other.codec === codec) continue;
    const advice = 'One subscription serves them all: give each the same extras.';
    throw invalidArgument(`the handlers of ${name}`, 'of one kind and codec', other, advice);
  }
}

function extrasOf({ extras }: MessageHandler, name: string) {
  const { kind = kindOf(name), codec } = (extras ?? {}) as HandlerExtras;
  return { kind, codec };
}

/** Whether a pattern has heard what somebody was answered: what matches requests matches the replies to them too. */
export function isReply({ channel, pattern, data }: Message<unknown>): boolean {
  if (pattern === undefined || !channel.endsWith('.reply')) return false;
  if (typeof data !== 'object' || data === null || !('id' in data) || 'pattern' in data) return false;
  return 'response' in data || 'err' in data || 'isDisposed' in data;
}

function kindOf(name: string): ChannelKind {
  return /(?<!\\)(?:\\\\)*[*?[]/.test(name) && !isJson(name) ? 'pattern' : 'channel';
}

/** Nest writes a name that is an object, `{ cmd: '*' }`, as JSON: that is no glob. */
function isJson(name: string): boolean {
  try {
    JSON.parse(name);
    return true;
  } catch {
    return false;
  }
}
