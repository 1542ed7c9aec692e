import type { PubSubClient } from '../index.js';

/** Name of one of the two clients, as Nest's own Redis transport calls them. */
export type Role = 'sub' | 'pub';

export type EventListener = (role: Role, ...args: unknown[]) => void;

export type Emitter = Pick<PubSubClient, 'on' | 'off'>;

/**
 * Listeners to the events of both clients, including clients that are added later. `release` removes every listener from the
 * clients.
 */
export class EventListeners {
  readonly #listeners: (readonly [event: string, listener: EventListener])[] = [];
  readonly #clients: (readonly [role: Role, client: Emitter])[] = [];
  readonly #added: (() => void)[] = [];

  on(event: string, listener: EventListener): void {
    this.#listeners.push([event, listener]);
    for (const [role, client] of this.#clients) this.#add(role, client, event, listener);
  }

  watch(role: Role, client: Emitter): void {
    this.#clients.push([role, client]);
    for (const [event, listener] of this.#listeners) this.#add(role, client, event, listener);
  }

  /** Removes the listeners from the clients, and keeps them for later clients. */
  release(): void {
    for (const remove of this.#added.splice(0)) remove();
    this.#clients.length = 0;
  }

  #add(role: Role, client: Emitter, event: string, listener: EventListener): void {
    const added = (...args: unknown[]) => listener(role, ...args);
    client.on(event, added);
    this.#added.push(() => client.off(event, added));
  }
}
