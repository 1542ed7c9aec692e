import { appendToLog } from './append-to-log.js';
import { checkedAppend, checkedCount, checkedKey, checkedRange } from './checks-of-logs.js';
import type { MemoryClientCore } from './memory-client-core.js';
import type { MemoryKeyspace } from './memory-keyspace.js';
import type { MemoryServer } from './memory-server.js';
import type { MemoryEntry } from './memory-stream.js';
import { formatStreamId } from './stream-id.js';
import type { Reply } from '../log/log-client.js';

/** Entry of a stream, in the form of node-redis. */
export interface MemoryStreamEntry<T extends string | Buffer = string> {
  /** Id, such as `'1700000000000-1'`. */
  readonly id: T;
  /** Values, by field. */
  readonly message: Readonly<Record<string, T>>;
}

/** State of a stream, in the form of node-redis. */
export interface MemoryStreamInfo<T extends string | Buffer = string> {
  /** Number of entries. */
  readonly length: number;
  /** Newest id, also after its entry was deleted. */
  readonly 'last-generated-id': T;
  /** Largest id that was deleted by XDEL. */
  readonly 'max-deleted-entry-id': T;
  /** Number of entries that were ever added. */
  readonly 'entries-added': number;
}

/** Keys and arguments of a script. */
export interface MemoryEvalOptions {
  /** Keys that the script uses. */
  readonly keys: readonly string[];
  /** Further arguments. */
  readonly arguments: readonly (string | Buffer)[];
}

/** Commands of a client on logs, with replies in strings or in Buffers. */
export class MemoryCommands<T extends string | Buffer> {
  readonly #server: MemoryServer;
  readonly #core: MemoryClientCore;
  readonly #read: (bytes: Buffer) => T;

  /** @internal */
  constructor(server: MemoryServer, core: MemoryClientCore, read: (bytes: Buffer) => T) {
    this.#server = server;
    this.#core = core;
    this.#read = read;
  }

  /** Runs the script of a recoverable publisher (EVAL), and no other: see `MemoryPubSub.eval`. */
  eval(script: string, options: MemoryEvalOptions): Reply<[id: T, receivers: number]> {
    const append = checkedAppend(script, options);
    return this.#command(append.log, (keys) => {
      const refusal = this.#core.refusalOf([append.channel]);
      if (refusal) throw refusal;
      const [id, receivers] = appendToLog(keys, append, (verb, channel, data) =>
        this.#server[verb === 'PUBLISH' ? 'publish' : 'sPublish'](channel, data),
      );
      return [this.#text(id), receivers];
    });
  }

  /** Returns the entries of a stream between two ids (XRANGE). */
  xRange(
    key: string,
    start: string,
    end: string,
    options?: { readonly COUNT?: number },
  ): Reply<MemoryStreamEntry<T>[]> {
    const range = checkedRange(start, end);
    const count = checkedCount(options?.COUNT);
    const name = checkedKey(key);
    return this.#command(name, (keys) =>
      keys.range(name, ...range, count).map((entry) => this.#entry(entry)),
    );
  }

  /** Returns the state of a stream (XINFO STREAM). */
  xInfoStream(key: string): Reply<MemoryStreamInfo<T>> {
    const name = checkedKey(key);
    return this.#command(name, (keys) => {
      const { length, lastId, maxDeletedId, added } = keys.info(name);
      return {
        length,
        'last-generated-id': this.#text(formatStreamId(lastId)),
        'max-deleted-entry-id': this.#text(formatStreamId(maxDeletedId)),
        'entries-added': added,
      };
    });
  }

  #command<R>(key: string, execute: (keys: MemoryKeyspace) => R): Reply<R> {
    return this.#core.command(() => {
      if (this.#server.forbiddenKeys.has(key))
        throw new Error('NOPERM this user has no permissions to access one of the keys used as arguments');
      return execute(this.#server.keys);
    });
  }

  #entry({ id, fields }: MemoryEntry): MemoryStreamEntry<T> {
    // A copy of each value, as from a socket: its receiver may overwrite it.
    const values = fields.map(([field, value]) => [field, this.#read(Buffer.from(value))] as const);
    return { id: this.#text(formatStreamId(id)), message: Object.fromEntries(values) };
  }

  #text(text: string): T {
    return this.#read(Buffer.from(text));
  }
}
