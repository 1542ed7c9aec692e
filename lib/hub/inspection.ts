import type { SubscriptionKind } from '../channel-kind.js';
import { isError } from '../errors/to-error.js';
import { COMMANDS, type PubSubClient, type ServerClient, type RegistryType } from './client.js';

/** The fields of CLIENT INFO with the counts; Redis before 7.0.3 does not have the last one. */
const FIELDS: Readonly<Record<RegistryType, string>> = { CHANNELS: 'sub', PATTERNS: 'psub', SHARDED: 'ssub' };
const KINDS: readonly SubscriptionKind[] = ['channel', 'pattern', 'shard'];

/** The number of subscriptions that the client's registry has and Redis lacks, by kind. */
export type Shortfall = Readonly<Record<SubscriptionKind, number>>;

/** Compares the counts of CLIENT INFO with the client's registry; returns undefined if there are no counts. */
export function shortfallOf(info: string, client: PubSubClient): Shortfall | undefined {
  if (!/\bsub=\d/.test(info)) return undefined;
  const fields = new Map(
    info
      .trim()
      .split(' ')
      .map((field) => field.split('=') as [string, string]),
  );
  const lack = (kind: SubscriptionKind) => {
    const { type } = COMMANDS[kind];
    const actual = fields.get(FIELDS[type]);
    const expected = client.getPubSubListeners?.(type).size;
    return actual === undefined || expected === undefined ? 0 : Math.max(0, expected - Number(actual));
  };
  return { channel: lack('channel'), pattern: lack('pattern'), shard: lack('shard') };
}

/** Returns the sizes of the client's registry, to detect a change. */
function sizesOf(client: PubSubClient): string {
  return KINDS.map((kind) => client.getPubSubListeners?.(COMMANDS[kind].type).size).join();
}

/** The part of the hub that an inspection needs. */
export interface InspectionHost {
  readonly isOnline: boolean;
  /** A number that changes with each operation that begins; undefined while one is in flight. */
  readonly quietSince: number | undefined;
  readonly now: number;
  /** Called when Redis has all subscriptions that the client believes to have, apart from known shortfalls. */
  onSound(askedAt: number): void;
  /** Called when Redis lacks subscriptions of this kind. */
  onShort(kind: SubscriptionKind): void;
}

/**
 * The comparison of Redis's number of subscriptions for this connection (CLIENT INFO) with the client's registry. There is
 * none if the client cannot send CLIENT INFO while it is subscribed (RESP2), or if its user may not.
 */
export class Inspection {
  readonly #client: ServerClient;
  readonly #host: InspectionHost;
  #running: Promise<void> | undefined;
  #isRefused = false;
  /** The shortfall that was left when all our subscriptions were back: subscriptions of other code. */
  #tolerated: Shortfall = NONE;
  /** Set when all our subscriptions have just been requested again: the next answer shows what to tolerate. */
  #isBaseline = false;
  #isOwed = false;
  /** Set when the last answer fell short: only a second shortfall counts. */
  #isSuspicious = false;
  /** The number of the current question, or series of questions: an earlier one does not count any more. */
  #question = 0;

  constructor(client: ServerClient, host: InspectionHost) {
    this.#client = client;
    this.#host = host;
  }

  /** Forgets the findings about the last connection. */
  reset(): void {
    this.#isRefused = false;
    this.#isOwed = false;
    this.#isSuspicious = false;
    this.#isBaseline = false;
    this.#tolerated = NONE;
  }

  /** Returns whether a required answer is outstanding, because operations of this package were in flight. */
  get isOwed(): boolean {
    return this.#isOwed;
  }

  /**
   * Asks on a connection that may be a new one, without any earlier findings. If operations in flight spoil the answer,
   * `isOwed` is true, and `run` has to be called again after them.
   */
  demand(): Promise<void> {
    this.reset();
    this.#isOwed = true;
    return this.runAnew();
  }

  /** Asks Redis; resolves when Redis has answered, or will not answer. Never rejects. */
  run(): Promise<void> {
    return this.#running ?? this.runAnew();
  }

  /** Asks Redis now, and leaves the answer to an earlier question out of account. */
  runAnew(): Promise<void> {
    if (!this.#client.sendCommand || this.#isRefused || !this.#host.isOnline) return Promise.resolve();
    const running = this.#ask(++this.#question).finally(() => {
      if (this.#running !== running) return;
      this.#running = undefined;
      // The operations in flight may have been answered while this run ended.
      if (this.#isOwed && this.#host.quietSince !== undefined) void this.run();
    });
    return (this.#running = running);
  }

  async #ask(question: number): Promise<void> {
    for (let isDone = false; !isDone && this.#host.isOnline;) {
      isDone = await this.#askOnce(question);
      if (question !== this.#question) return this.#running;
    }
  }

  /** Asks once; resolves to true if there is nothing more to ask. */
  async #askOnce(question: number): Promise<boolean> {
    const { now: askedAt, quietSince } = this.#host;
    const sizes = sizesOf(this.#client);
    let info: string;
    try {
      info = String(await this.#client.sendCommand?.(['CLIENT', 'INFO']));
    } catch (error) {
      if (question !== this.#question) return true;
      this.#isOwed = false;
      this.#isRefused = this.#host.isOnline && isError(error) && REFUSED.test(error.message);
      return true;
    }
    if (question !== this.#question) return true;
    const isQuiet = quietSince !== undefined && quietSince === this.#host.quietSince;
    const isSame = sizes === sizesOf(this.#client);
    // Other code has changed its subscriptions, or has dropped ours once more.
    if (isQuiet && !isSame) this.#isBaseline = false;
    if (!isQuiet || !isSame) return !this.#isOwed || this.#host.quietSince === undefined;
    const shortfall = shortfallOf(info, this.#client);
    this.#isOwed = false;
    if (!shortfall) return true;
    const short = KINDS.filter((kind) => shortfall[kind] > this.#tolerated[kind]);
    if (short.length === 0 || this.#isBaseline) {
      this.#isSuspicious = this.#isBaseline = false;
      this.#tolerated = shortfall;
      this.#host.onSound(askedAt);
      return true;
    }
    // The acknowledgement of a subscription of other code may have come in the same chunk as the answer.
    if (!this.#isSuspicious) {
      this.#isSuspicious = this.#isOwed = true;
      return false;
    }
    this.#isSuspicious = false;
    // Once our subscriptions are back, the remaining shortfall belongs to other code; ours may fall short again.
    this.#isBaseline = this.#isOwed = true;
    for (const kind of short) this.#host.onShort(kind);
    return true;
  }
}

const NONE: Shortfall = { channel: 0, pattern: 0, shard: 0 };

/** The errors of a refused CLIENT INFO: RESP2 allows only Pub/Sub commands, an ACL may forbid it, a proxy may not know it. */
const REFUSED = /^(ERR|NOPERM|NOAUTH)\b/;
