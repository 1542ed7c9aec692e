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
 * What a Hub takes for its client: a socket into which one connection after another is plugged, each of them without
 * subscriptions when it comes.
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

  /** How many operations were ever begun; undefined while one is in flight. */
  get operationsIfQuiet(): number | undefined {
    return this.#pending === 0 ? this.#begun : undefined;
  }

  /** The connection is there. */
  plug(client: NodeClient): void {
    this.#client = client;
    this.emit('ready');
  }

  /** The connection is lost; true if there was one. */
  unplug(error: Error): boolean {
    if (!this.#client) return false;
    this.#client = undefined;
    if (this.listenerCount('error') > 0) this.emit('error', error);
    this.emit('reconnecting');
    return true;
  }

  /** The server was heard of. */
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

  /** Without a connection there is nothing that could be subscribed. */
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
