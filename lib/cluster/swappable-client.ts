import { EventEmitter } from 'node:events';
import {
  type COMMANDS,
  type PubSubClient,
  type ClientListener,
  type ClientRegistry,
  type RegistryType,
} from '../hub/client.js';
import type { NodeClient } from './node-client.js';

type Names = string | string[];
type Method = (typeof COMMANDS)[keyof typeof COMMANDS]['subscribe' | 'unsubscribe'];

/**
 * The client of a node link's Hub: a socket into which one connection after another is plugged, each without any
 * subscriptions.
 */
export class SwappableClient extends EventEmitter implements PubSubClient {
  #client: NodeClient | undefined;
  #isOpen = true;
  #pending = 0;
  #begun = 0;

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get isReady(): boolean {
    return this.#client !== undefined;
  }

  /** The number of operations that have begun; undefined while one is in flight. */
  get operationsIfQuiet(): number | undefined {
    return this.#pending === 0 ? this.#begun : undefined;
  }

  /** Plugs in a new connection. */
  plug(client: NodeClient): void {
    this.#client = client;
    this.emit('ready');
  }

  /** Unplugs a lost connection; returns false if there was none. */
  unplug(error: Error): boolean {
    if (!this.#client) return false;
    this.#client = undefined;
    if (this.listenerCount('error') > 0) this.emit('error', error);
    this.emit('reconnecting');
    return true;
  }

  /** Notes a sign of life from the server. */
  heard(): void {
    this.emit('ping-interval');
  }

  end(): void {
    this.#isOpen = false;
    this.#client = undefined;
    this.emit('end');
  }

  subscribe(names: Names, listener: ClientListener, bufferMode?: boolean): Promise<unknown> {
    return this.#run('subscribe', names, listener, bufferMode);
  }

  unsubscribe(names: Names, listener: ClientListener, bufferMode?: boolean): Promise<unknown> {
    return this.#run('unsubscribe', names, listener, bufferMode);
  }

  pSubscribe(names: Names, listener: ClientListener, bufferMode?: boolean): Promise<unknown> {
    return this.#run('pSubscribe', names, listener, bufferMode);
  }

  pUnsubscribe(names: Names, listener: ClientListener, bufferMode?: boolean): Promise<unknown> {
    return this.#run('pUnsubscribe', names, listener, bufferMode);
  }

  sSubscribe(names: Names, listener: ClientListener, bufferMode?: boolean): Promise<unknown> {
    return this.#run('sSubscribe', names, listener, bufferMode);
  }

  sUnsubscribe(names: Names, listener: ClientListener, bufferMode?: boolean): Promise<unknown> {
    return this.#run('sUnsubscribe', names, listener, bufferMode);
  }

  /** Returns the registry of the connection; an empty one while there is none. */
  getPubSubListeners(type: RegistryType): ClientRegistry {
    return this.#client?.getPubSubListeners?.(type) ?? NOTHING;
  }

  async #run(
    method: Method,
    names: Names,
    listener: ClientListener,
    bufferMode: boolean | undefined,
  ): Promise<unknown> {
    if (!this.#client) throw new Error('The client is offline');
    this.#pending++;
    this.#begun++;
    try {
      return await this.#client[method](names, listener, bufferMode);
    } finally {
      this.#pending--;
    }
  }
}

const NOTHING: ClientRegistry = { size: 0, get: () => undefined, delete: () => false };
