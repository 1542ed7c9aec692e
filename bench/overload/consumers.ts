import { createClient } from 'redis';
import { concatMap, Observable } from 'rxjs';
import { mergeMapBounded, Receiver } from 'rx-redis-receiver';
import type { Counts } from './protocol.js';

export type Handle = () => Promise<void>;
export type Consume = (url: string, channel: string, handle: Handle, counts: Counts) => Promise<void>;

const BOUNDS = { capacity: 10_000, overflow: 'drop-oldest' } as const;

/** Consumers by title. */
export const CONSUMERS: Readonly<Record<string, Consume>> = {
  'naive adapter, concatMap': async (url, channel, handle, counts) => {
    const client = createClient({ url });
    client.on('error', () => undefined);
    client.on('reconnecting', () => counts.cuts++);
    await client.connect();
    const messages = new Observable<string>((subscriber) => {
      const listener = (message: string) => {
        counts.received++;
        subscriber.next(message);
      };
      void client.subscribe(channel, listener);
      return () => void client.unsubscribe(channel, listener);
    });
    messages.pipe(concatMap(handle)).subscribe();
  },

  'Receiver, mergeMapBounded': async (url, channel, handle, counts) => {
    const receiver = await open(url, channel, counts);
    const bounded = mergeMapBounded(handle, { ...BOUNDS, onDrop: () => counts.dropped++ });
    receiver.pipe(bounded).subscribe();
    await receiver.connect();
    counts.onSample = () => (counts.received = receiver.stats.received);
  },

  'Receiver, for await': async (url, channel, handle, counts) => {
    const receiver = await open(url, channel, counts);
    await receiver.connect();
    counts.onSample = () => {
      counts.received = receiver.stats.received;
      counts.dropped = receiver.stats.dropped;
    };
    void (async () => {
      for await (const _message of receiver) await handle();
    })();
  },
};

async function open(url: string, channel: string, counts: Counts): Promise<Receiver> {
  const receiver = await Receiver.open(url, BOUNDS);
  receiver.channel(channel);
  receiver.events.subscribe(({ type }) => type === 'disconnected' && counts.cuts++);
  return receiver;
}
