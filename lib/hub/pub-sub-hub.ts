import type { HubListener, Leave } from './hub-listener.js';
import type { ChannelKind } from '../channel-kind.js';
import type { ServerClient } from './client.js';
import type { ReaderMode } from '../reader/reader-mode.js';

/** The state that this package's Receivers share on one client: its subscriptions. */
export interface PubSubHub {
  /** The hub of the client's subscriptions, for a hub of streams. */
  readonly base?: PubSubHub;
  readonly isOpen: boolean;
  /** True while a connection that is needed is lost; on a single server, whenever the client is not ready. */
  readonly isAway: boolean;
  /** Sends the operations requested in `work` together. */
  batch(work: () => void): void;
  attach(kind: ChannelKind, name: string, listener: HubListener): void;
  /** Removes a listener, which keeps receiving until its `onReleased`; `leave` determines how long. */
  detach(kind: ChannelKind, name: string, listener: HubListener, leave: Leave): void;
  /** Updates the fast path of this name after a listener has changed its own. */
  updateFastPath(kind: ChannelKind, name: string): void;
  /** Delivers messages held for this name at once. */
  deliverHeld(kind: ChannelKind, name: string): void;
  /** Notices a client that was closed without an event. */
  check(): void;
  /** Resubscribes a name that the client has no listener for any more. */
  verify(kind: ChannelKind, name: string): void;
  /** Compares the wanted subscriptions with Redis's and repairs differences; resolves when Redis has answered, or will not. */
  inspect(): Promise<void>;
  /** Returns the clients of the connected servers on which the name is subscribed. */
  serversOf(kind: ChannelKind, name: string): readonly ServerClient[];
  watch(watcher: Watcher): void;
  unwatch(watcher: Watcher): void;
}

/** Returns the reader of messages that the connections of a hub are to have; undefined for the default. */
export type ReaderOf = (hub: PubSubHub) => ReaderMode | undefined;

/** An observer of the connection: a Receiver. */
export interface Watcher {
  /** Milliseconds between checks of connections that give no sign of life by themselves; 0 for no checks. */
  readonly heartbeat: number;
  readonly readerOf?: ReaderOf;
  onDisconnected(error: Error | undefined): void;
  /**
   * Called when messages between `since` and `until` may be missing. `affected` are the listeners, of all Receivers, that
   * may lack them.
   */
  onReconnected(since: number, until: number, affected: ReadonlySet<HubListener>): void;
  /** Called when the client has ended, with an error if it gave up; its listeners have been told already. */
  onClientEnded(hub: PubSubHub, error: Error | undefined): void;
}

/** Runs `work`; the operations requested in it go out together on each of the hubs. */
export function batchOn(listeners: readonly { readonly hub: PubSubHub }[], work: () => void): void {
  const hubs = new Set<PubSubHub>();
  let last: PubSubHub | undefined;
  // Nearly always all listeners have the same hub.
  for (const { hub } of listeners) if (hub !== last) hubs.add((last = hub));
  [...hubs].reduce<() => void>((inner, hub) => () => hub.batch(inner), work)();
}
