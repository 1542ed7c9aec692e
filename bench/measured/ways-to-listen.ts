import { Receiver } from 'rx-redis-receiver';
import { merge, Observable } from 'rxjs';
import type { Client } from './client.js';

type OnMessage = (channel: string, data: string) => void;

/** Subscribes all channels, and resolves when Redis has acknowledged. */
export type WayToListen = (
  client: Client,
  names: readonly string[],
  onMessage: OnMessage,
) => Promise<unknown>;

export const WAYS_TO_LISTEN: Readonly<Record<string, WayToListen>> = {
  bare: (client, names, onMessage) =>
    client.subscribe([...names], (data, channel) => onMessage(channel, data)),

  merge(client, names, onMessage) {
    const acknowledged: Promise<void>[] = [];
    const observe = (name: string) =>
      new Observable<{ channel: string; data: string }>((subscriber) => {
        const listener = (data: string, channel: string) => subscriber.next({ channel, data });
        acknowledged.push(client.subscribe(name, listener));
        return () => void client.unsubscribe(name, listener);
      });
    merge(...names.map(observe)).subscribe(({ channel, data }) => onMessage(channel, data));
    return Promise.all(acknowledged);
  },

  observe(client, names, onMessage) {
    const receiver = register(client, names);
    receiver.subscribe(({ channel, data }) => onMessage(channel, data));
    return receiver.connect();
  },

  iterate(client, names, onMessage) {
    const receiver = register(client, names);
    void iterate(receiver, onMessage);
    return receiver.connect();
  },

  get(client, names, onMessage) {
    const receiver = register(client, names);
    void pull(receiver, onMessage);
    return receiver.connect();
  },
};

function register(client: Client, names: readonly string[]): Receiver {
  const receiver = new Receiver(client);
  for (const name of names) receiver.channel(name);
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
