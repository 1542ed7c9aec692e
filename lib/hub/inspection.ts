import type { ChannelKind } from '../channel-kind.js';
import { isError } from '../errors/to-error.js';
import { COMMANDS, type PubSubClient, type ServerClient, type RegistryType } from './client.js';

/** The names of the counts in CLIENT INFO; the last is missing before Redis 7.0.3. */
const FIELDS: Readonly<Record<RegistryType, string>> = { CHANNELS: 'sub', PATTERNS: 'psub', SHARDED: 'ssub' };
const KINDS: readonly ChannelKind[] = ['channel', 'pattern', 'shard'];

/** How many subscriptions Redis lacks of those that the client believes to have, by kind; undefined if it does not say. */
export type Shortfall = Readonly<Record<ChannelKind, number>>;

/** Reads the counts of CLIENT INFO against the client's registry. */
export function shortfallOf(info: string, client: PubSubClient): Shortfall | undefined {
  if (!/\bsub=\d/.test(info)) return undefined;
  const fields = new Map(
    info
      .trim()
      .split(' ')
      .map((field) => field.split('=') as [string, string]),
  );
  const lack = (kind: ChannelKind) => {
    const { type } = COMMANDS[kind];
    const actual = fields.get(FIELDS[type]);
    const expected = client.getPubSubListeners?.(type).size;
    return actual === undefined || expected === undefined ? 0 : Math.max(0, expected - Number(actual));
  };
  return { channel: lack('channel'), pattern: lack('pattern'), shard: lack('shard') };
}

/** The sizes of the client's registry, to see whether they change. */
function sizesOf(client: PubSubClient): string {
  return KINDS.map((kind) => client.getPubSubListeners?.(COMMANDS[kind].type).size).join();
}

/** The part of the hub that an inspection needs. */
export interface InspectionHost {
  readonly isOnline: boolean;
  /** A number that changes with each operation that begins or ends; undefined while one is in flight. */
  readonly quietSince: number | undefined;
  readonly now: number;
  /** Redis has all that the client believes to have, or what lacks is known already. */
  onSound(askedAt: number): void;
  /** Redis lacks subscriptions of this kind. */
  onShort(kind: ChannelKind): void;
}

/**
 * Asks Redis for the number of subscriptions of this connection (CLIENT INFO), and compares it with the client's registry.
 * Not where the client cannot send it while it is subscribed (RESP2), or its user may not.
 */
export class Inspection {
  readonly #client: ServerClient;
  readonly #host: InspectionHost;
  #running: Promise<void> | undefined;
  #isRefused = false;
  /** The subscriptions that still lacked when all of ours were back: those of other code. */
  #tolerated: Shortfall = NONE;
  #isOwed = false;
  /** Set when the last answer fell short: only a second one counts. */
  #isSuspicious = false;

  constructor(client: ServerClient, host: InspectionHost) {
    this.#client = client;
    this.#host = host;
  }

  /** Forgets what was known of the last connection. */
  reset(): void {
    this.#isRefused = false;
    this.#isOwed = false;
    this.#isSuspicious = false;
    this.#tolerated = NONE;
  }

  /** Set while a question that had to be answered has not been: operations of our own were in flight. */
  get isOwed(): boolean {
    return this.#isOwed;
  }

  /**
   * Asks on what may be another connection, of which nothing is known yet; where operations in flight spoil the answer, `isOwed`
   * says so, and it is to be run again behind them.
   */
  demand(): Promise<void> {
    this.reset();
    this.#isOwed = true;
    return this.run();
  }

  /** Resolves when Redis has answered, or will not. Never rejects. */
  run(): Promise<void> {
    if (!this.#client.sendCommand || this.#isRefused || !this.#host.isOnline) return Promise.resolve();
    return (this.#running ??= this.#ask().finally(() => {
      this.#running = undefined;
      // They may have been answered while it ended.
      if (this.#isOwed && this.#host.quietSince !== undefined) void this.run();
    }));
  }

  async #ask(): Promise<void> {
    for (let isDone = false; !isDone && this.#host.isOnline;) isDone = await this.#askOnce();
  }

  /** Returns whether there is nothing more to ask. */
  async #askOnce(): Promise<boolean> {
    const { now: askedAt, quietSince } = this.#host;
    const sizes = sizesOf(this.#client);
    let info: string;
    try {
      info = String(await this.#client.sendCommand?.(['CLIENT', 'INFO']));
    } catch (error) {
      this.#isOwed = false;
      this.#isRefused = this.#host.isOnline && isError(error) && REFUSED.test(error.message);
      return true;
    }
    const isQuiet = quietSince !== undefined && quietSince === this.#host.quietSince;
    if (!isQuiet || sizes !== sizesOf(this.#client))
      return !this.#isOwed || this.#host.quietSince === undefined;
    const shortfall = shortfallOf(info, this.#client);
    this.#isOwed = false;
    if (!shortfall) return true;
    const short = KINDS.filter((kind) => shortfall[kind] > this.#tolerated[kind]);
    if (short.length === 0) {
      this.#isSuspicious = false;
      this.#tolerated = shortfall;
      this.#host.onSound(askedAt);
      return true;
    }
    // An acknowledgement that somebody else waits for may have come in the same chunk as the answer.
    if (!this.#isSuspicious) {
      this.#isSuspicious = this.#isOwed = true;
      return false;
    }
    this.#isSuspicious = false;
    this.#tolerated = shortfall;
    // What lacks still when ours are back is other code's; ours may lack again.
    this.#isOwed = true;
    for (const kind of short) this.#host.onShort(kind);
    return true;
  }
}

const NONE: Shortfall = { channel: 0, pattern: 0, shard: 0 };

/** RESP2 allows nothing but Pub/Sub commands; an ACL may forbid it; a proxy may not know it. */
const REFUSED = /^(ERR|NOPERM|NOAUTH)\b/;
