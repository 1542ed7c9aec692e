import type { NodeAddress, NodeClient } from '../cluster/node-client.js';
import type { ClientListener } from '../hub/client.js';
import { toError } from '../errors/to-error.js';
import { shownOptions, type IoredisInternals, type ShownOptions } from './ioredis-client.js';
import type { NatMap } from './nat-map.js';
import { PubSubAdapter } from './pub-sub-adapter.js';

/** A client of one node of a cluster, with the addresses by which this process reaches the nodes. */
export class AdaptedNode extends PubSubAdapter implements NodeClient {
  readonly options: ShownOptions;

  readonly #redis: IoredisInternals;
  readonly #natMap: NatMap;

  constructor(redis: IoredisInternals, natMap: NatMap) {
    super(redis);
    this.#redis = redis;
    this.#natMap = natMap;
    this.options = shownOptions(redis);
  }

  /** Creates a client for one connection to this node, or to another one with the same settings. */
  duplicate({ socket }: { readonly socket?: Partial<NodeAddress> } = {}): AdaptedNode {
    const { host, port } = { ...this.options.socket, ...socket };
    const singleUse = { lazyConnect: true, retryStrategy: null, readOnly: false };
    return new AdaptedNode(this.#redis.duplicate({ host, port, ...singleUse }), this.#natMap);
  }

  connect(): Promise<unknown> {
    const { status } = this.#redis;
    if (status === 'ready') return Promise.resolve();
    // Listeners of its errors may have made the client connect already.
    if (status === 'wait' || status === 'end') return this.#redis.connect();
    return new Promise<void>((resolve, reject) => {
      const onReady = () => settle(resolve);
      const onEnd = () => settle(() => reject(new Error('The node has closed the connection.')));
      const settle = (done: () => void) => {
        this.#redis.off('ready', onReady);
        this.#redis.off('end', onEnd);
        done();
      };
      this.#redis.on('ready', onReady);
      this.#redis.on('end', onEnd);
    });
  }

  destroy(): void {
    // ioredis would still deliver the rest of a chunk, which would look like messages of the next connection.
    this.silence();
    this.#redis.disconnect();
  }

  override async sSubscribe(
    channels: string | string[],
    listener: ClientListener,
    bufferMode?: boolean,
  ): Promise<void> {
    try {
      await super.sSubscribe(channels, listener, bufferMode);
    } catch (error) {
      throw this.#natMap.ofError(toError(error));
    }
  }

  override async sendCommand(args: string[]): Promise<unknown> {
    const reply = await super.sendCommand(args);
    return args.join(' ') === 'CLUSTER SLOTS' ? this.#natMap.ofSlots(reply) : reply;
  }
}
