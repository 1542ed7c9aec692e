import type { PubSubClient } from './client.js';

/** The state of Node's EventEmitter: a table of listeners, and the number of events in it. */
interface Emitter {
  readonly _events?: object;
  _eventsCount?: number;
}

type Listeners = Readonly<Record<string, (...args: unknown[]) => void>>;

/**
 * Returns the client behind a view of it. node-redis makes views with `Object.create`: `createClient` returns one, and
 * `withTypeMapping` and its like make others.
 */
export function originOf<Client extends PubSubClient>(client: Client): Client {
  const { _self: origin } = client as { readonly _self?: Client };
  return typeof origin?.on === 'function' ? origin : client;
}

export function addListeners(client: PubSubClient, listeners: Listeners): void {
  for (const [event, listener] of Object.entries(listeners)) client.on(event, listener);
}

/**
 * Removes listeners from a client, and nobody else's with them. All views of a client share its table of listeners, but each
 * has a count of its own, and the one whose count comes to 0 would leave the table for an empty one of its own.
 */
export function removeListeners(client: PubSubClient, listeners: Listeners): void {
  const emitter = client as Emitter;
  const { _events: table } = emitter;
  if (table) emitter._eventsCount = Reflect.ownKeys(table).length + 1;
  for (const [event, listener] of Object.entries(listeners)) client.off(event, listener);
  if (table) emitter._eventsCount = Reflect.ownKeys(table).length;
}
