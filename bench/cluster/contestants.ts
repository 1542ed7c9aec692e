import { createCluster } from 'redis';
import { Receiver } from '../../lib/index.js';

/** Way to receive the messages of sharded channels on a cluster. */
export interface Contestant {
  /** Subscribes the channels. Resolves when Redis has acknowledged all of them. */
  subscribe(names: readonly string[], onMessage: () => void): Promise<unknown>;
}

export const CONTESTANTS: Readonly<Record<string, (rootNodes: { url: string }[]) => Promise<Contestant>>> = {
  async 'bare cluster client'(rootNodes) {
    const client = await open(rootNodes);
    return {
      // One call for each channel: an array of names over several slots fails.
      subscribe: (names, onMessage) => Promise.all(names.map((name) => client.sSubscribe(name, onMessage))),
    };
  },

  async Receiver(rootNodes) {
    const receiver = new Receiver(await open(rootNodes));
    return {
      subscribe(names, onMessage) {
        for (const name of names) receiver.shard(name);
        receiver.subscribe(onMessage);
        return receiver.connect();
      },
    };
  },
};

async function open(rootNodes: { url: string }[]) {
  const client = createCluster({ rootNodes });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
