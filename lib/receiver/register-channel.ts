import type { Channel } from '../channel.js';
import { ChannelCore } from '../channel/channel-core.js';
import type { ChannelKind, SubscriptionKind } from '../channel-kind.js';
import { hubOf } from '../cluster/hub-of.js';
import { assertCodec } from '../codec/codec.js';
import { isWellFormed } from '../codec/well-formed.js';
import { invalidArgument } from '../errors/invalid-argument.js';
import { assertKnownOptions } from '../errors/known-options.js';
import { assertPubSubClient } from '../hub/client.js';
import { hasOptions } from '../recovery/follower.js';
import { logSource } from '../recovery/log-source.js';
import { resolveRecover } from '../recovery/recover-options.js';
import type { Topic } from '../topics/topic.js';
import { CHANNEL_OPTIONS, TOPIC_OPTIONS, type ChannelOptions } from '../receiver-options.js';
import type { ReceiverCore } from './receiver-core.js';

/** Returns the Channel of this name: the one that is registered or forgotten, or a new one. */
export function registerChannel<T>(
  core: ReceiverCore,
  kind: SubscriptionKind,
  name: string,
  options: ChannelOptions<T> = {},
  topic?: Topic,
): Channel<T> {
  assertName(kind, name);
  assertChannelOptions(kind, options, topic);
  const existing = core.registry.get(kind, name, topic?.topic);
  if (existing) assertSame(existing, kind, options);
  const channelCore = existing ?? addChannel(core, kind, name, options, topic);
  core.registry.claim(channelCore, options.keep === true);
  return channelCore.channel as Channel<T>;
}

/** Throws if a name could never receive a message. */
export function assertName(kind: ChannelKind, name: string): void {
  const what = `the name of a ${kind}`;
  if (typeof name !== 'string') {
    const advice = 'Decode a Buffer first: node-redis never delivers to one.';
    throw invalidArgument(what, 'a string', name, advice);
  }
  if (!isWellFormed(name)) {
    const advice = 'As UTF-8 it would be another name, and no message would arrive.';
    throw invalidArgument(what, 'a string without lone surrogates', name, advice);
  }
}

function assertChannelOptions(
  kind: ChannelKind,
  options: ChannelOptions<unknown>,
  topic: Topic | undefined,
): void {
  const advice = typeof options === 'function' ? 'Subscribe to the Channel instead.' : '';
  const known = topic ? TOPIC_OPTIONS : CHANNEL_OPTIONS;
  assertKnownOptions(`the options of ${topic?.title ?? `a ${kind}`}`, options, known, advice);
  if (options.codec !== undefined) assertCodec(options.codec);
  if (options.client !== undefined) assertPubSubClient(options.client);
}

/** Throws if a registered Channel has another codec or client than these options. */
function assertSame(
  core: ChannelCore<unknown>,
  kind: SubscriptionKind,
  { codec, client, recover }: ChannelOptions<unknown>,
): void {
  const what = `the ${core.kind} ${JSON.stringify(core.name)}`;
  const advice = 'Close it first, or use another Receiver.';
  if (codec && codec !== core.codec) {
    throw invalidArgument(`the codec of ${what}`, 'the codec of its registration', codec, advice);
  }
  if (client && hubOf(client) !== core.hub) {
    throw invalidArgument(`the client of ${what}`, 'the client of its registration', client, advice);
  }
  const wanted = recover && resolveRecover(kind, core.name, recover);
  const given = wanted && { log: wanted.log, from: recover.from && wanted.from };
  if (given && !hasOptions(core.follower?.options, given))
    throw invalidArgument(`the option 'recover' of ${what}`, 'as it was registered', recover, advice);
}

function addChannel(
  core: ReceiverCore,
  kind: SubscriptionKind,
  name: string,
  options: ChannelOptions<unknown>,
  topic: Topic | undefined,
): ChannelCore<unknown> {
  const hub = options.client ? hubOf(options.client) : core.hub;
  const codec = topic?.codec ?? options.codec ?? core.options.codec;
  const source =
    options.recover &&
    logSource(options.client ?? core.options.client, resolveRecover(kind, name, options.recover));
  const forgotten = core.registry.recall(kind, name, topic?.topic);
  const isSame =
    forgotten?.codec === codec &&
    forgotten.hub === hub &&
    (source ? hasOptions(forgotten.follower?.options, source.options) : !forgotten.follower);
  // The name has one Channel at a time, and the new one has another codec, client or log.
  if (forgotten && !isSame) void forgotten.close();
  const added = isSame
    ? forgotten
    : new ChannelCore<unknown>(core, { hub, kind, name, codec, topic }, source);
  core.add(added);
  return added;
}
