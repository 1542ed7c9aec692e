import type { Channel } from '../channel.js';
import { ChannelCore } from '../channel/channel-core.js';
import { WHOLE_ENTRY } from '../channel/whole-entry.js';
import { hubOf } from '../cluster/hub-of.js';
import { assertCodec, type Codec } from '../codec/codec.js';
import { invalidArgument } from '../errors/invalid-argument.js';
import { assertPubSubClient } from '../hub/client.js';
import { hasOptions } from '../recovery/follower.js';
import { streamHubOf } from '../streams/stream-hub.js';
import { givenSettings, streamSettings, type StreamOptions } from '../streams/stream-options.js';
import { streamSource } from '../streams/stream-source.js';
import type { ReceiverCore } from './receiver-core.js';
import { assertName } from './register-channel.js';

/** Returns the Channel of this stream: the one that is registered or forgotten, or a new one. */
export function registerStream(
  core: ReceiverCore,
  key: string,
  options: StreamOptions = {},
): Channel<unknown> {
  assertName('stream', key);
  const given = givenSettings(options);
  if (options.codec !== undefined) assertCodec(options.codec);
  if (options.client !== undefined) assertPubSubClient(options.client);
  const existing = core.registry.get('stream', key, undefined);
  if (existing && !isSame(existing, given, options)) {
    const advice = 'Close it first, or use another Receiver.';
    const what = `the options of the stream ${JSON.stringify(key)}`;
    throw invalidArgument(what, 'as it was registered', options, advice);
  }
  const channelCore = existing ?? addStream(core, key, options);
  core.registry.claim(channelCore, options.keep === true);
  return channelCore.channel;
}

function isSame(core: ChannelCore<unknown>, given: object, { codec, client }: StreamOptions): boolean {
  if ((codec && codec !== core.codec) || (client && hubOf(client) !== core.hub.base)) return false;
  return hasOptions(core.follower?.options, given);
}

function addStream(core: ReceiverCore, key: string, options: StreamOptions): ChannelCore<unknown> {
  const hub = streamHubOf(options.client ?? core.options.client);
  const settings = streamSettings(givenSettings(options));
  const codec =
    settings.field === undefined ? (WHOLE_ENTRY as Codec<unknown>) : (options.codec ?? core.options.codec);
  const forgotten = core.registry.recall('stream', key, undefined);
  const isRecalled =
    forgotten?.codec === codec && forgotten.hub === hub && hasOptions(forgotten.follower?.options, settings);
  // The key has one Channel at a time, and the new one has other options.
  if (forgotten && !isRecalled) void forgotten.close();
  const added = isRecalled
    ? forgotten
    : new ChannelCore<unknown>(
        core,
        { hub, kind: 'stream', name: key, codec, topic: undefined },
        streamSource(hub, key, settings),
      );
  core.add(added);
  return added;
}
