import type { NodeAddress } from '../cluster/node-client.js';
import type { IoredisClient } from './ioredis-client.js';

/**
 * The parts of a cluster client that `fromIoredis` needs: the smallest type that the `Cluster` of ioredis 5 and 6 and of
 * iovalkey all satisfy.
 */
export interface IoredisCluster extends Pick<
  IoredisClient,
  'status' | 'on' | 'off' | 'connect' | 'call' | 'callBuffer'
> {
  /** True. */
  readonly isCluster: boolean;
  /** The addresses of the nodes by slot, each `HOST:PORT`, the master's first. */
  readonly slots: readonly (readonly string[] | undefined)[];
  /** The options of the client. */
  readonly options: {
    /** The text before each key; it has to be empty. */
    readonly keyPrefix?: string | undefined;
    /** The addresses by which this process reaches the nodes. */
    readonly natMap?:
      Record<string, NodeAddress> | ((key: string) => NodeAddress | null | undefined) | null | undefined;
  };
  /** Returns the clients of the nodes with a role. */
  nodes(role?: 'master' | 'slave'): IoredisClient[];
  /** Closes all connections. */
  disconnect(): void;
  /** Creates a client with the same nodes and options. */
  duplicate(startupNodes?: never[], options?: object): IoredisCluster;
}

/** A member of ioredis that is not documented. */
export interface ClusterInternals extends IoredisCluster {
  /** False while the cluster closes its connections only to reconnect. */
  readonly manuallyClosing?: boolean;
}
