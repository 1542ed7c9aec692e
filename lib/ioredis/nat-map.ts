import type { NodeAddress } from '../cluster/node-client.js';
import type { IoredisCluster } from './ioredis-cluster.js';

type Slots = readonly (readonly [unknown, unknown, ...(readonly unknown[])[]])[];

/** The option `natMap` of a cluster, on what the nodes say of each other. */
export class NatMap {
  readonly #natMap: IoredisCluster['options']['natMap'];

  constructor({ options }: IoredisCluster) {
    this.#natMap = options.natMap;
  }

  /** Replaces the addresses in a reply to CLUSTER SLOTS. */
  ofSlots(reply: unknown): unknown {
    if (!this.#natMap) return reply;
    return (reply as Slots).map(([first, last, ...members]) => [
      first,
      last,
      ...members.map(([host, port, ...rest]) => {
        const address = this.#reachable(`${String(host)}:${String(port)}`);
        return address ? [address.host, address.port, ...rest] : [host, port, ...rest];
      }),
    ]);
  }

  /** Replaces the address in a refusal with MOVED. */
  ofError(error: Error): Error {
    const [, slot, key = ''] = /^MOVED (\d+) (\S+)$/.exec(error.message) ?? [];
    const address = this.#reachable(key);
    if (!address) return error;
    return new Error(`MOVED ${slot} ${address.host}:${address.port}`, { cause: error });
  }

  #reachable(key: string): NodeAddress | undefined {
    const map = this.#natMap;
    return (typeof map === 'function' ? map(key) : map?.[key]) ?? undefined;
  }
}
