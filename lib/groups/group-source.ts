import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { isClusterClient } from '../cluster/cluster-nodes.js';
import type { FollowerSource } from '../recovery/follower.js';
import type { StreamHub } from '../streams/stream-hub.js';
import { BlockingConnection } from './blocking-connection.js';
import { BlockingTail } from './blocking-tail.js';
import { GroupChannel } from './group-channel.js';
import { GroupConnection } from './group-connection.js';
import type { GroupSettings } from './group-options.js';
import type { GroupTail, TailOptions } from './group-tail.js';
import { PollingTail } from './polling-tail.js';

const consumers = new WeakMap<object, GroupConsumers>();

/** Returns the consumers of a Receiver. */
export function groupConsumersOf(receiver: object): GroupConsumers {
  const existing = consumers.get(receiver) ?? new GroupConsumers();
  consumers.set(receiver, existing);
  return existing;
}

/** The consumers of one Receiver: its Channels of one group read together, under one name. */
export class GroupConsumers {
  /** The name of a consumer for which the user has chosen none: no other Receiver has it. */
  readonly ownName = `${hostname()}:${String(process.pid)}:${randomBytes(6).toString('hex')}`;
  readonly #tails = new Map<StreamHub, Map<string, GroupTail>>();

  /** Returns the way to follow a stream on the server of this hub as a consumer of a group. */
  source(hub: StreamHub, key: string, options: GroupSettings): FollowerSource {
    const { group, consumer } = options;
    const connection = new GroupConnection(hub);
    return {
      options,
      follow: (channel) => {
        const { binary } = channel;
        const tail = this.#tailOf({ group, consumer, binary, connection });
        return new GroupChannel(channel, { key, group, consumer, binary, connection }, options, tail);
      },
    };
  }

  /** Returns the tail that Channels of this consumer have in common. */
  #tailOf(options: TailOptions): GroupTail {
    const { group, consumer, binary, connection } = options;
    const { hub } = connection;
    const tails = this.#tails.get(hub) ?? new Map<string, GroupTail>();
    this.#tails.set(hub, tails);
    const name = JSON.stringify([group, consumer, binary]);
    let tail = tails.get(name);
    if (tail) return tail;
    if (isClusterClient(hub.client)) tail = new PollingTail(options);
    else tail = new BlockingTail({ ...options, blocking: new BlockingConnection(connection) });
    tails.set(name, tail);
    return tail;
  }
}
