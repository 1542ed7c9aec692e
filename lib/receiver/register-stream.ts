import type { Channel } from '../channel.js';
import { ChannelCore } from '../channel/channel-core.js';
import { WHOLE_ENTRY } from '../channel/whole-entry.js';
import { hubOf } from '../cluster/hub-of.js';
import { assertCodec, type Codec } from '../codec/codec.js';
import { invalidArgument } from '../errors/invalid-argument.js';
import {
  givenGroupSettings,
  groupSettings,
  type GroupOptions,
  type GroupSettings,
} from '../groups/group-options.js';
import { groupConsumersOf } from '../groups/group-source.js';
import { assertPubSubClient } from '../hub/client.js';
import { hasOptions } from '../recovery/follower.js';
import { streamHubOf } from '../streams/stream-hub.js';
import { streamSettings, type StreamOptions } from '../streams/stream-options.js';
import { streamSource } from '../streams/stream-source.js';
import type { ReceiverCore } from './receiver-core.js';
import { assertName } from './register-channel.js';

/** Returns the Channel of this stream: the one that is registered or forgotten, or a new one. */
export function registerStream(
  core: ReceiverCore,
  key: string,
  options: Partial<GroupOptions> = {},
): Channel<unknown> {
  assertName('stream', key);
  const given = givenGroupSettings(key, options);
  if (options.codec !== undefined) assertCodec(options.codec);
  if (options.client !== undefined) assertPubSubClient(options.client);
  const existing = core.registry.get('stream', key, undefined);
  if (existing && !isSame(existing, given, options)) {
    const advice = 'Close it first, or use another Receiver.';
    const what = `the options of the stream ${JSON.stringify(key)}`;
    throw invalidArgument(what, 'as it was registered', options, advice);
  }
  const channelCore = existing ?? addStream(core, key, given, options);
  core.registry.claim(channelCore, options.keep === true);
  return channelCore.channel;
}

function isSame(
  core: ChannelCore<unknown>,
  given: Partial<GroupSettings>,
  { codec, client }: StreamOptions,
): boolean {
  if ((codec && codec !== core.codec) || (client && hubOf(client) !== core.hub.base)) return false;
  return hasSettings(core, given);
}

/** Returns whether the Channel has these settings; a Channel of a group never stands for one without. */
function hasSettings({ follower }: ChannelCore<unknown>, given: Partial<GroupSettings>): boolean {
  const { group } = (follower?.options ?? {}) as Partial<GroupSettings>;
  return group === given.group && hasOptions(follower?.options, given);
}

function addStream(
  core: ReceiverCore,
  key: string,
  given: Partial<GroupSettings>,
  options: StreamOptions,
): ChannelCore<unknown> {
  const hub = streamHubOf(options.client ?? core.options.client);
  const group = given.group === undefined ? undefined : groupSettings(given, groupConsumersOf(core).ownName);
  const settings = group ?? streamSettings(given);
  const codec =
    settings.field === undefined ? (WHOLE_ENTRY as Codec<unknown>) : (options.codec ?? core.options.codec);
  const forgotten = core.registry.recall('stream', key, undefined);
  const isRecalled = forgotten?.codec === codec && forgotten.hub === hub && hasSettings(forgotten, settings);
  // The key has one Channel at a time, and the new one has other options.
  if (forgotten && !isRecalled) void forgotten.close();
  const added = isRecalled
    ? forgotten
    : new ChannelCore<unknown>(
        core,
        { hub, kind: 'stream', name: key, codec, topic: undefined },
        group ? groupConsumersOf(core).source(hub, key, group) : streamSource(hub, key, settings),
      );
  core.stream.hasGroups ||= group !== undefined;
  core.add(added);
  return added;
}
