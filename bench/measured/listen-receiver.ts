import { EMPTY } from 'rxjs';
import { mergeMapBounded, Receiver, type ReceiverOptions } from 'rx-redis-receiver';
import type { OnMessage, WayToListen } from './way-to-listen.js';
import type { Listening } from './protocol.js';

export const observed: WayToListen = async (at, names, onMessage) => {
  await observe(await receiverOf(at, names), onMessage);
};

/** Observed Receiver whose messages are decoded by node-redis itself. */
export const observedWithoutReader: WayToListen = async (at, names, onMessage) => {
  await observe(await receiverOf(at, names, { reader: 'client' }), onMessage);
};

/** Observed Receiver of Channels that follow their logs; a pattern has none. */
export const observedRecoverable: WayToListen = async ({ url }, names, onMessage) => {
  const receiver = await Receiver.open(url);
  for (const name of names) receiver.channel(name, { recover: {} });
  await observe(receiver, onMessage);
};

export const iterated: WayToListen = async (at, names, onMessage) => {
  const receiver = await receiverOf(at, names);
  void iterate(receiver, onMessage);
  await receiver.connect();
};

export const pulled: WayToListen = async (at, names, onMessage) => {
  const receiver = await receiverOf(at, names);
  void pull(receiver, onMessage);
  await receiver.connect();
};

/** Handler that is done at once, to show the cost of the operator itself. */
export const mapped: WayToListen = async (at, names, onMessage) => {
  const receiver = await receiverOf(at, names);
  const handle = mergeMapBounded(({ channel, data }: { channel: string; data: string }) => {
    onMessage(channel, data);
    return EMPTY;
  });
  receiver.pipe(handle).subscribe();
  await receiver.connect();
};

/** Observers of each Channel, instead of the Receiver. */
export const ownObservers =
  (observers: number): WayToListen =>
  async (at, names, onMessage) => {
    const receiver = await receiverOf(at, names);
    const channels = [...receiver.channels.values(), ...receiver.patterns.values()];
    for (const channel of channels) {
      channel.subscribe(({ channel: name, data }) => onMessage(name, data));
      for (let other = 1; other < observers; other++) channel.subscribe(() => undefined);
    }
    await Promise.all(channels.map((channel) => channel.whenSubscribed()));
  };

async function observe(receiver: Receiver, onMessage: OnMessage): Promise<void> {
  receiver.subscribe(({ channel, data }) => onMessage(channel, data));
  await receiver.connect();
}

async function receiverOf(
  { url, prefix, byPattern }: Listening,
  names: readonly string[],
  options?: ReceiverOptions<string>,
): Promise<Receiver> {
  const receiver = await Receiver.open(url, options);
  if (byPattern) receiver.pattern(`${prefix}*`);
  else for (const name of names) receiver.channel(name);
  return receiver;
}

async function iterate(receiver: Receiver, onMessage: OnMessage): Promise<void> {
  for await (const { channel, data } of receiver) onMessage(channel, data);
}

async function pull(receiver: Receiver, onMessage: OnMessage): Promise<void> {
  for (let message = await receiver.get(); message; message = await receiver.get()) {
    onMessage(message.channel, message.data);
  }
}
