import type { Message } from '../channel.js';
import { tell } from '../outbox.js';
import { mayBeEnvelope } from '../log/envelope.js';
import { notify, type FastPath, type HubListener } from './hub-listener.js';
import { includes, joined, onlyOf, snapshot, without, type ListenerList } from './listener-list.js';

type RawSource = Message<string | Buffer>['source'];

/**
 * The state of the fan-out. `'closing'`: Redis may drop the name at any moment, and listeners that want it receive nothing
 * yet: a listener added during UNSUBSCRIBE would get a few early messages and then miss the rest. `'text'`: Redis has the
 * name in text mode alone, so that the fast path may be taken.
 */
export type AudienceMode = 'closing' | 'text' | 'other';

/** The listeners of one name, and the fan-out of its messages: listeners that want the name, leaving and draining ones. */
export class Audience {
  // These fields stand first: there may be very many Audiences, and a message should find all it needs in one cache line.
  /**
   * The listeners that receive. The list and the fast path are made for the first message after a change, so that a delivery
   * under way keeps its list, and a name without messages costs nothing.
   */
  #hearing: readonly HubListener[] | undefined = undefined;
  /** The source of a text for the only listener, while the fast path is open. */
  #source: RawSource | undefined = undefined;
  #stream: FastPath['stream'] | undefined = undefined;
  #isDecoded = false;
  /** The glob, if the name is a pattern. */
  readonly #pattern: string | undefined;
  #mode: AudienceMode = 'other';
  #wanting: ListenerList = undefined;
  /** The number of wanting listeners that want Buffers. */
  #binaryCount = 0;
  #leaving: ListenerList = undefined;
  /** Draining listeners of a name that others still use: they keep receiving until the fence returns. */
  #draining: ListenerList = undefined;

  constructor(pattern: string | undefined) {
    this.#pattern = pattern;
  }

  /** The listeners that want the name. */
  get listeners(): readonly HubListener[] {
    return snapshot(this.#wanting);
  }

  get isWanted(): boolean {
    return this.#wanting !== undefined;
  }

  get wantsBuffers(): boolean {
    return this.#binaryCount > 0;
  }

  get isDraining(): boolean {
    return this.#draining !== undefined;
  }

  wants(listener: HubListener): boolean {
    return includes(this.#wanting, listener);
  }

  set mode(mode: AudienceMode) {
    if (mode === this.#mode) return;
    this.#mode = mode;
    this.updateFastPath();
  }

  join(listener: HubListener): void {
    if (this.#mode === 'closing' && includes(this.#leaving, listener)) tell(notify.replaced, listener);
    this.#leaving = without(this.#leaving, listener);
    if (!this.wants(listener)) {
      this.#wanting = joined(this.#wanting, listener);
      if (listener.binary) this.#binaryCount++;
    }
    this.updateFastPath();
  }

  /** Removes a listener that wants the name. */
  remove(listener: HubListener): void {
    if (!this.wants(listener)) return;
    this.#wanting = without(this.#wanting, listener);
    if (listener.binary) this.#binaryCount--;
    this.updateFastPath();
  }

  /** Keeps a removed listener until its release: `'draining'` by its fence, `'leaving'` with all leaving listeners. */
  keep(listener: HubListener, as: 'draining' | 'leaving'): void {
    if (as === 'draining') this.#draining = joined(this.#draining, listener);
    else this.#leaving = joined(this.#leaving, listener);
    this.updateFastPath();
  }

  /** Releases the leaving listeners. */
  release(): void {
    if (this.#leaving === undefined) return;
    const leaving = snapshot(this.#leaving);
    this.#leaving = undefined;
    this.updateFastPath();
    for (const listener of leaving) tell(notify.released, listener);
  }

  /** Releases one draining listener, or all of them. */
  releaseDrained(only?: HubListener): void {
    if (this.#draining === undefined) return;
    const released = snapshot(this.#draining).filter((listener) => only === undefined || listener === only);
    if (released.length === 0) return;
    for (const listener of released) {
      this.#draining = without(this.#draining, listener);
      tell(notify.released, listener);
    }
    this.updateFastPath();
  }

  /** Releases the leaving and draining listeners; removes and returns the listeners that want the name. */
  clear(): readonly HubListener[] {
    const { listeners } = this;
    this.release();
    this.releaseDrained();
    this.#wanting = undefined;
    this.#binaryCount = 0;
    this.updateFastPath();
    return listeners;
  }

  /** Has the next message find its way anew: a listener has come or gone, or has another fast path. */
  updateFastPath(): void {
    this.#hearing = undefined;
    this.#source = undefined;
    this.#stream = undefined;
  }

  /** Hands a text that arrives now to the only stream that receives it; returns false if there is no fast path. */
  deliverByFastPath(data: string | Buffer, channel: string): boolean {
    if (this.#hearing === undefined) this.#prepare();
    const source = this.#source;
    if (source === undefined || mayBeEnvelope(data)) return false;
    const pattern = this.#pattern;
    const raw = pattern === undefined ? { source, channel, data } : { source, channel, pattern, data };
    this.#stream?.accept(raw, this.#isDecoded);
    return true;
  }

  deliver(data: string | Buffer, channel: string, binary: boolean, rawChannel: Buffer | undefined): void {
    const hearing = this.#hearing ?? this.#prepare();
    for (let i = 0; i < hearing.length; i++) {
      const listener = hearing[i] as HubListener;
      if (listener.binary === binary) listener.receive(data, channel, rawChannel);
      else if (binary) listener.receive(data.toString(), channel, undefined);
      // A listener that wants Buffers waits for the change of mode: its `onSubscribed` has not been called yet.
    }
  }

  /** Returns the listener that receives alone, if there is one. */
  #only(): HubListener | undefined {
    if (this.#leaving === undefined && this.#draining === undefined) return onlyOf(this.#wanting);
    const isAlone =
      this.#wanting === undefined && (this.#leaving === undefined || this.#draining === undefined);
    return isAlone ? onlyOf(this.#leaving ?? this.#draining) : undefined;
  }

  /** Lists the listeners that receive, and opens the fast path if a text can go straight to the stream of the only one. */
  #prepare(): readonly HubListener[] {
    const only = this.#mode === 'text' ? this.#only() : undefined;
    const fastPath = only?.binary === false ? only.fastPath : undefined;
    this.#source = fastPath?.channel as RawSource | undefined;
    this.#stream = fastPath?.stream;
    this.#isDecoded = fastPath?.isIdentity === true;
    const wanting = this.#mode === 'closing' ? undefined : this.#wanting;
    const isPlain = this.#leaving === undefined && this.#draining === undefined;
    return (this.#hearing = isPlain
      ? snapshot(wanting)
      : [wanting, this.#leaving, this.#draining].flatMap(snapshot));
  }
}
