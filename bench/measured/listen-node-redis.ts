import { merge, Observable } from 'rxjs';
import { createClient } from 'redis';
import { openClient } from './client.js';
import type { WayToListen } from './way-to-listen.js';

/** Listener of node-redis itself, with which all others are compared. */
export const bareListener: WayToListen = async ({ url, prefix, byPattern }, names, onMessage) => {
  const client = await openClient(url);
  const listener = (data: string, channel: string) => onMessage(channel, data);
  await (byPattern ? client.pSubscribe(`${prefix}*`, listener) : client.subscribe([...names], listener));
};

export const bareListenerOnResp2: WayToListen = async ({ url, prefix, byPattern }, names, onMessage) => {
  const client = await createClient({ url, RESP: 2 }).connect();
  const listener = (data: string, channel: string) => onMessage(channel, data);
  await (byPattern ? client.pSubscribe(`${prefix}*`, listener) : client.subscribe([...names], listener));
};

export const bareListenerOfBytes: WayToListen = async ({ url, prefix, byPattern }, names, onMessage) => {
  const client = await openClient(url);
  const listener = (data: Buffer) => onMessage(undefined, data);
  await (byPattern
    ? client.pSubscribe(`${prefix}*`, listener, true)
    : client.subscribe([...names], listener, true));
};

interface Received {
  readonly channel: string;
  readonly data: string;
}

/** Usual first attempt: one Observable for each channel, all merged. */
export const naiveMerge: WayToListen = async ({ url, prefix, byPattern }, names, onMessage) => {
  const client = await openClient(url);
  const acknowledged: Promise<void>[] = [];
  const ofChannel = (name: string) =>
    new Observable<Received>((subscriber) => {
      const listener = (data: string, channel: string) => subscriber.next({ channel, data });
      acknowledged.push(client.subscribe(name, listener));
      return () => void client.unsubscribe(name, listener);
    });
  const ofPattern = (pattern: string) =>
    new Observable<Received>((subscriber) => {
      const listener = (data: string, channel: string) => subscriber.next({ channel, data });
      acknowledged.push(client.pSubscribe(pattern, listener));
      return () => void client.pUnsubscribe(pattern, listener);
    });
  const all = byPattern ? [ofPattern(`${prefix}*`)] : names.map(ofChannel);
  merge(...all).subscribe(({ channel, data }) => onMessage(channel, data));
  await Promise.all(acknowledged);
};
