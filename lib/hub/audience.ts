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
  /** The listeners that receive; rebuilt for the first message after a change, so that a delivery under way keeps its list. */
  #hearing: readonly HubListener[] | undefined = undefined;

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
    const isSame = (mode === 'closing') === (this.#mode === 'closing');
    this.#mode = mode;
    if (isSame) this.updateFastPath();
    else this.#onChanged();
  }

  join(listener: HubListener): void {
    if (this.#mode === 'closing' && includes(this.#leaving, listener)) tell(notify.replaced, listener);
    this.#leaving = without(this.#leaving, listener);
    if (!this.wants(listener)) {
      this.#wanting = joined(this.#wanting, listener);
      if (listener.binary) this.#binaryCount++;
    }
    this.#onChanged();
  }

  /** Removes a listener that wants the name. */
  remove(listener: HubListener): void {
    if (!this.wants(listener)) return;
    this.#wanting = without(this.#wanting, listener);
    if (listener.binary) this.#binaryCount--;
    this.#onChanged();
  }

  /** Keeps a removed listener until its release: `'draining'` by its fence, `'leaving'` with all leaving listeners. */
  keep(listener: HubListener, as: 'draining' | 'leaving'): void {
    if (as === 'draining') this.#draining = joined(this.#draining, listener);
    else this.#leaving = joined(this.#leaving, listener);
    this.#onChanged();
  }

  /** Releases the leaving listeners. */
  release(): void {
    if (this.#leaving === undefined) return;
    const leaving = snapshot(this.#leaving);
    this.#leaving = undefined;
    this.#onChanged();
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
    this.#onChanged();
  }

  /** Releases the leaving and draining listeners; removes and returns the listeners that want the name. */
  clear(): readonly HubListener[] {
    const { listeners } = this;
    this.release();
    this.releaseDrained();
    this.#wanting = undefined;
    this.#binaryCount = 0;
    this.#onChanged();
    return listeners;
  }

  /** Opens the fast path if a text can go straight to the stream of the only listener, and closes it otherwise. */
  updateFastPath(): void {
    const only = this.#mode === 'text' ? this.#only() : undefined;
    const fastPath = only?.binary === false ? only.fastPath : undefined;
    this.#source = fastPath?.channel as RawSource | undefined;
    this.#stream = fastPath?.stream;
    this.#isDecoded = fastPath?.isIdentity === true;
  }

  /** Hands a text that arrives now to the only stream that receives it; returns false if there is no fast path. */
  deliverByFastPath(data: string | Buffer, channel: string): boolean {
    const source = this.#source;
    if (source === undefined || mayBeEnvelope(data)) return false;
    const pattern = this.#pattern;
    const raw = pattern === undefined ? { source, channel, data } : { source, channel, pattern, data };
    this.#stream?.accept(raw, this.#isDecoded);
    return true;
  }

  deliver(data: string | Buffer, channel: string, binary: boolean, rawChannel: Buffer | undefined): void {
    const hearing = this.#list();
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

  #onChanged(): void {
    this.#hearing = undefined;
    this.updateFastPath();
  }

  #list(): readonly HubListener[] {
    return (this.#hearing ??= this.#listAnew());
  }

  #listAnew(): readonly HubListener[] {
    const wanting = this.#mode === 'closing' ? undefined : this.#wanting;
    if (this.#leaving === undefined && this.#draining === undefined) return snapshot(wanting);
    return [wanting, this.#leaving, this.#draining].flatMap(snapshot);
  }
}
