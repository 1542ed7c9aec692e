import type { PubSubClient } from './client.js';

/** The state of Node's EventEmitter: a table of listeners, and the number of events in it. */
interface Emitter {
  readonly _events?: object;
  _eventsCount?: number;
}

type Listeners = Readonly<Record<string, (...args: unknown[]) => void>>;

/**
 * Returns the client behind a view of it. node-redis creates views with `Object.create`: `createClient` returns one, and
 * methods like `withTypeMapping` create others.
 */
export function originOf<Client extends PubSubClient>(client: Client): Client {
  const { _self: origin } = client as { readonly _self?: Client };
  return typeof origin?.on === 'function' ? origin : client;
}

export function addListeners(client: PubSubClient, listeners: Listeners): void {
  for (const [event, listener] of Object.entries(listeners)) client.on(event, listener);
}

/**
 * Removes these listeners from a client, and no others. All views of a client share its table of listeners, but each view
 * has its own count of events. A view whose count reaches 0 would replace the shared table by an empty one of its own.
 */
export function removeListeners(client: PubSubClient, listeners: Listeners): void {
  const emitter = client as Emitter;
  const { _events: table } = emitter;
  if (table) emitter._eventsCount = Reflect.ownKeys(table).length + 1;
  for (const [event, listener] of Object.entries(listeners)) client.off(event, listener);
  if (table) emitter._eventsCount = Reflect.ownKeys(table).length;
}
