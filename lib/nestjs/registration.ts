import { isDeepStrictEqual } from 'node:util';
import type { MessageHandler } from '@nestjs/microservices';
import type { Channel, SubscriptionKind, Codec, Message, Receiver } from '../index.js';
import { invalidArgument } from '../internal.js';
import type { HandlerExtras, HandlerGroup } from './handler-extras.js';

/** Handler, and the Channel that delivers its messages. */
export interface Registration {
  readonly handler: MessageHandler;
  /** Name of the channel, or glob of the pattern. */
  readonly name: string;
  readonly channel: Channel<unknown>;
  readonly codec: Codec<unknown>;
  /** True if the handler answers requests. */
  readonly isAnswering: boolean;
}

const KINDS: readonly unknown[] = ['channel', 'pattern', 'shard'] satisfies SubscriptionKind[];

export function register(
  receiver: Receiver<unknown>,
  name: string,
  handler: MessageHandler,
  defaultCodec: Codec<unknown>,
): Registration {
  const { kind, codec = defaultCodec, group } = extrasOf(handler, name);
  if (!KINDS.includes(kind)) {
    throw invalidArgument(`the kind of the handler of ${name}`, "'channel', 'pattern' or 'shard'", kind);
  }
  assertAlike(handler, name);
  if (group !== undefined) return registerGroup(receiver, name, handler, group, codec);
  const channel = receiver[kind](name, { codec });
  // A pattern also receives requests that are meant for another handler.
  const isAnswering = !handler.isEventHandler || kind !== 'pattern';
  return { handler, name, channel, codec, isAnswering };
}

/** Registers a handler for the entries of a stream. */
function registerGroup(
  receiver: Receiver<unknown>,
  name: string,
  handler: MessageHandler,
  group: HandlerGroup,
  codec: Codec<unknown>,
): Registration {
  const what = `the handler of ${name}`;
  if (!handler.isEventHandler)
    throw invalidArgument(what, 'an event handler, with its group', group, 'A stream has no way to reply.');
  if ((handler.extras as HandlerExtras).kind !== undefined)
    throw invalidArgument(
      `the kind of ${what}`,
      'absent with a group',
      (handler.extras as HandlerExtras).kind,
    );
  const { field = 'data' } = group;
  const channel = receiver.stream(name, { ...group, field, codec });
  return { handler, name, channel, codec, isAnswering: false };
}

/** Checks that the handlers of one name agree: Nest chains them, and one subscription serves them all. */
function assertAlike(first: MessageHandler, name: string): void {
  const { kind, codec, group } = extrasOf(first, name);
  let handler: MessageHandler | undefined = first;
  while ((handler = handler.next as MessageHandler | undefined)) {
    const other = extrasOf(handler, name);
    if (other.kind === kind && other.codec === codec && isDeepStrictEqual(other.group, group)) continue;
    const advice = 'One subscription serves them all: give each the same extras.';
    throw invalidArgument(`the handlers of ${name}`, 'of one kind, codec and group', other, advice);
  }
}

function extrasOf({ extras }: MessageHandler, name: string) {
  const { kind = kindOf(name), codec, group } = (extras ?? {}) as HandlerExtras;
  return { kind, codec, group };
}

/**
 * Returns whether a message is a reply that a pattern has received: a pattern that matches requests may also match their
 * replies.
 */
export function isReply({ channel, pattern, data }: Message<unknown>): boolean {
  if (pattern === undefined || !channel.endsWith('.reply')) return false;
  if (typeof data !== 'object' || data === null || !('id' in data) || 'pattern' in data) return false;
  return 'response' in data || 'err' in data || 'isDisposed' in data;
}

function kindOf(name: string): SubscriptionKind {
  return /(?<!\\)(?:\\\\)*[*?[]/.test(name) && !isJson(name) ? 'pattern' : 'channel';
}

/** Returns whether a name is JSON. Nest writes a name that is an object, `{ cmd: '*' }`, as JSON, which is not a glob. */
function isJson(name: string): boolean {
  try {
    JSON.parse(name);
    return true;
  } catch {
    return false;
  }
}
