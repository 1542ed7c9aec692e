import { Receiver } from 'rx-redis-receiver';
import type { Client } from './client.js';

/** Prepares what is not measured, and returns what is: it resolves when Redis has acknowledged all channels. */
export type WayToSubscribe = (client: Client, names: readonly string[]) => () => Promise<unknown>;

export const WAYS_TO_SUBSCRIBE: Readonly<Record<string, WayToSubscribe>> = {
  calls: (client, names) => () => Promise.all(names.map((name) => client.subscribe(name, ignore))),

  variadic: (client, names) => () => client.subscribe([...names], ignore),

  connect(client, names) {
    const receiver = new Receiver(client);
    for (const name of names) receiver.channel(name);
    return () => receiver.connect();
  },

  registerAndConnect: (client, names) => () => {
    const receiver = new Receiver(client);
    for (const name of names) receiver.channel(name);
    return receiver.connect();
  },

  observe(client, names) {
    const receiver = new Receiver(client);
    const channels = names.map((name) => receiver.channel(name));
    return () => {
      for (const channel of channels) channel.subscribe(ignore);
      return Promise.all(channels.map((channel) => channel.whenSubscribed()));
    };
  },

  registerAndObserve: (client, names) => () => {
    const receiver = new Receiver(client);
    const channels = names.map((name) => receiver.channel(name));
    for (const channel of channels) channel.subscribe(ignore);
    return Promise.all(channels.map((channel) => channel.whenSubscribed()));
  },
};

function ignore(): void {}
