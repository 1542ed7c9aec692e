import type { SubscriptionKind } from '../channel-kind.js';
import type { FastPath, HubListener } from '../hub/hub-listener.js';
import type { NodeLink } from './node-link.js';

/** A name that several nodes carry together. */
export interface Spread {
  readonly kind: SubscriptionKind;
  readonly name: string;
  /** The keys of the nodes that have to serve each listener. */
  readonly keys: readonly string[];
  /** Removes a listener that has left, or that has been refused. */
  remove(member: FanOutMember): void;
}

/** A listener of a name on several nodes, with a part on each of them. */
export class FanOutMember {
  readonly listener: HubListener;
  readonly #spread: Spread;
  /** The parts by the key of their node link, those that are leaving included. */
  readonly parts = new Map<string, FanOutPart>();
  isLeaving = false;
  /** True if the listener has been served by all nodes since it joined. */
  wasServed = false;
  /** True once the listener has left, or has been refused: nothing reaches it any more. */
  isOver = false;
  #isServed = false;

  constructor(listener: HubListener, spread: Spread) {
    this.listener = listener;
    this.#spread = spread;
  }

  /** Begins, or returns from leaving: each part is told again whether it is served. */
  join(): void {
    this.isLeaving = false;
    this.#isServed = false;
    for (const part of this.parts.values()) part.isServed = false;
  }

  partOn(link: NodeLink): FanOutPart {
    let part = this.parts.get(link.key);
    // A node link that was closed may have been replaced by another one to the same node.
    if (part?.link !== link) this.parts.set(link.key, (part = new FanOutPart(this, link)));
    return part;
  }

  /** Tells the listener whether all nodes serve it. */
  update(): void {
    if (this.isOver || this.isLeaving) return;
    const { keys } = this.#spread;
    const isServed = keys.length > 0 && keys.every((key) => this.parts.get(key)?.isServed === true);
    if (isServed === this.#isServed) return;
    this.#isServed = isServed;
    if (!isServed) return this.listener.onInterrupted();
    this.wasServed = true;
    this.listener.onSubscribed();
  }

  replaced(): void {
    this.wasServed = false;
    this.listener.onReplaced();
  }

  /** Releases the listener when it is leaving and no part is left. */
  finishIfReleased(): void {
    if (this.isOver || !this.isLeaving || this.parts.size > 0) return;
    this.#end();
    this.listener.onReleased();
  }

  refuse(cause: unknown): void {
    if (this.isOver) return;
    const { kind, name } = this.#spread;
    this.#end();
    for (const part of this.parts.values()) part.link.hub.detach(kind, name, part, 'at-once');
    this.listener.onRefused(cause);
  }

  endWithClient(error: Error | undefined): void {
    if (this.isOver) return;
    this.#end();
    this.listener.onEnded(error);
  }

  #end(): void {
    this.isOver = true;
    this.#spread.remove(this);
  }
}

/** The part of a listener on one node. */
export class FanOutPart implements HubListener {
  readonly member: FanOutMember;
  readonly link: NodeLink;
  isServed = false;
  #isDropped = false;

  constructor(member: FanOutMember, link: NodeLink) {
    this.member = member;
    this.link = link;
  }

  get binary(): boolean {
    return this.member.listener.binary;
  }

  get fastPath(): FastPath | undefined {
    return this.#isOver ? undefined : this.member.listener.fastPath;
  }

  /** Leaves a node that has given up the name. */
  drop(): void {
    this.#isDropped = true;
    if (this.member.parts.get(this.link.key) === this) this.member.parts.delete(this.link.key);
    this.member.finishIfReleased();
  }

  receive(data: string | Buffer, channel: string, rawChannel?: Buffer): void {
    if (!this.#isOver) this.member.listener.receive(data, channel, rawChannel);
  }

  onSubscribed(): void {
    this.#become(true);
  }

  onInterrupted(): void {
    this.#become(false);
  }

  onReplaced(): void {
    this.isServed = false;
    if (!this.#isOver) this.member.replaced();
  }

  onReleased(): void {
    if (!this.#isDropped) this.drop();
  }

  onRefused(cause: unknown): void {
    if (!this.#isDropped) this.member.refuse(cause);
  }

  onEnded(error: Error | undefined): void {
    if (!this.#isDropped) this.member.endWithClient(error);
  }

  get #isOver(): boolean {
    return this.#isDropped || this.member.isOver;
  }

  #become(isServed: boolean): void {
    if (this.#isOver) return;
    this.isServed = isServed;
    this.member.update();
  }
}

/** Returns the listeners behind their parts: those that have been served, and may lack messages. */
export function listenersBehind(affected: ReadonlySet<HubListener>): ReadonlySet<HubListener> {
  const listeners = new Set<HubListener>();
  for (const listener of affected) {
    if (!(listener instanceof FanOutPart)) listeners.add(listener);
    else if (!listener.member.isOver && listener.member.wasServed) listeners.add(listener.member.listener);
  }
  return listeners;
}
