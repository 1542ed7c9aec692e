import type { HubListener, Leave } from './hub-listener.js';
import type { ChannelKind } from '../channel-kind.js';

/** All that this package's Receivers hold of one client: they share its subscriptions. */
export interface PubSubHub {
  readonly isOpen: boolean;
  /** Whether a connection that is needed has been lost, and is not back yet. */
  readonly isAway: boolean;
  /** What `work` asks for goes out together. */
  batch(work: () => void): void;
  attach(kind: ChannelKind, name: string, listener: HubListener): void;
  /** The listener hears on until its `onReleased`: how long, `leave` says. */
  detach(kind: ChannelKind, name: string, listener: HubListener, leave: Leave): void;
  /** The fast path of a listener of this name may be another. */
  updateFastPath(kind: ChannelKind, name: string): void;
  /** What has come for this name and is held back, is delivered at once. */
  deliverHeld(kind: ChannelKind, name: string): void;
  /** Notices at once where the client was closed and told nobody. */
  check(): void;
  /** Subscribes a name again that the client has no listener for any more. */
  verify(kind: ChannelKind, name: string): void;
  /** Compares what is wanted with what Redis has, and mends a difference; resolves when Redis has answered, or will not. */
  inspect(): Promise<void>;
  watch(watcher: Watcher): void;
  unwatch(watcher: Watcher): void;
}

/** One who wants to know how the connection fares: a Receiver. */
export interface Watcher {
  /** Milliseconds between looks at connections that give no sign themselves; 0 for none. */
  readonly heartbeat: number;
  onDisconnected(error: Error | undefined): void;
  /** All are served again. `affected` are the listeners, of all Receivers, that may lack messages. */
  onReconnected(since: number, until: number, affected: ReadonlySet<HubListener>): void;
  /** The client has ended, with an error if it gave up; its listeners have been told. */
  onClientEnded(hub: PubSubHub, error: Error | undefined): void;
}

/** Runs `work` with what it asks for, of whichever hub, going out together. */
export function batchOn(listeners: readonly { readonly hub: PubSubHub }[], work: () => void): void {
  const hubs = new Set<PubSubHub>();
  let last: PubSubHub | undefined;
  // Nearly always it is one and the same.
  for (const { hub } of listeners) if (hub !== last) hubs.add((last = hub));
  [...hubs].reduce<() => void>((inner, hub) => () => hub.batch(inner), work)();
}
