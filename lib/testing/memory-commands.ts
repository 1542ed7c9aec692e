import { appendToLog } from './append-to-log.js';
import {
  checkedAppend,
  checkedBlock,
  checkedCount,
  checkedKey,
  checkedRange,
  checkedStreams,
} from './checks-of-logs.js';
import type { MemoryClientCore } from './memory-client-core.js';
import type { MemoryKeyspace, StreamEntries, StreamPosition } from './memory-keyspace.js';
import type { MemoryServer } from './memory-server.js';
import type { MemoryEntry } from './memory-entry.js';
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
  /** Oldest entry; null if there is none. */
  readonly 'first-entry': MemoryStreamEntry<T> | null;
  /** Newest entry; null if there is none. */
  readonly 'last-entry': MemoryStreamEntry<T> | null;
}

/** Stream to read, and the id behind which to read; `'$'` stands for the newest id. */
export interface MemoryReadStream {
  /** Key of the stream. */
  readonly key: string;
  /** Id of the last entry that is not wanted. */
  readonly id: string;
}

/** Options of a read, in the form of node-redis. */
export interface MemoryReadOptions {
  /** Most entries of each stream. */
  readonly COUNT?: number;
  /** Milliseconds to wait for an entry, where there is none yet; 0 waits for ever. */
  readonly BLOCK?: number;
}

/** Entries that were read from one stream, in the form of node-redis. */
export interface MemoryStreamReply<T extends string | Buffer = string> {
  /** Key of the stream. */
  readonly name: T;
  /** Entries, oldest first. */
  readonly messages: MemoryStreamEntry<T>[];
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
  /** @internal */
  protected readonly server: MemoryServer;
  /** @internal */
  protected readonly core: MemoryClientCore;
  readonly #read: (bytes: Buffer) => T;

  /** @internal */
  constructor(server: MemoryServer, core: MemoryClientCore, read: (bytes: Buffer) => T) {
    this.server = server;
    this.core = core;
    this.#read = read;
  }

  /** Runs the script of a recoverable publisher (EVAL), and no other: see `MemoryPubSub.eval`. */
  eval(script: string, options: MemoryEvalOptions): Reply<[id: T, receivers: number]> {
    const append = checkedAppend(script, options);
    return this.command(append.log, (keys) => {
      const refusal = this.core.refusalOf([append.channel]);
      if (refusal) throw refusal;
      const [id, receivers] = appendToLog(keys, append, (verb, channel, data) =>
        this.server[verb === 'PUBLISH' ? 'publish' : 'sPublish'](channel, data),
      );
      return [this.text(id), receivers];
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
    return this.command(name, (keys) => keys.range(name, ...range, count).map((entry) => this.entry(entry)));
  }

  /** Returns the state of a stream (XINFO STREAM). */
  xInfoStream(key: string): Reply<MemoryStreamInfo<T>> {
    const name = checkedKey(key);
    return this.command(name, (keys) => {
      const { length, first, last, lastId, maxDeletedId, added } = keys.info(name);
      return {
        length,
        'last-generated-id': this.text(formatStreamId(lastId)),
        'max-deleted-entry-id': this.text(formatStreamId(maxDeletedId)),
        'entries-added': added,
        'first-entry': first ? this.entry(first) : null,
        'last-entry': last ? this.entry(last) : null,
      };
    });
  }

  /** Returns the entries behind the given ids (XREAD): see `MemoryPubSub.xRead`. */
  xRead(
    streams: MemoryReadStream | readonly MemoryReadStream[],
    { COUNT, BLOCK }: MemoryReadOptions = {},
  ): Reply<MemoryStreamReply<T>[] | null> {
    const list = checkedStreams(streams);
    const count = checkedCount(COUNT);
    const block = checkedBlock(BLOCK);
    const keys = list.map(({ key }) => key);
    // A read that blocks keeps what `$` stood for at its beginning.
    let positions: readonly StreamPosition[] | undefined;
    return this.core.blockingCommand({
      keys,
      block,
      attempt: () => {
        this.assertAllowed(keys);
        positions ??= list.map(({ key, id }) => this.server.keys.position(key, id));
        const read = this.server.keys.read(positions, count);
        if (read.length > 0) return read.map((stream) => this.#stream(stream));
        return block === undefined ? null : undefined;
      },
    });
  }

  /** @internal */
  protected command<R>(key: string, execute: (keys: MemoryKeyspace) => R): Reply<R> {
    return this.core.command(() => {
      this.assertAllowed([key]);
      return execute(this.server.keys);
    });
  }

  /** @internal */
  protected assertAllowed(keys: readonly string[]): void {
    if (keys.some((key) => this.server.forbiddenKeys.has(key)))
      throw new Error('NOPERM this user has no permissions to access one of the keys used as arguments');
  }

  #stream({ key, entries }: StreamEntries): MemoryStreamReply<T> {
    return { name: this.text(key), messages: entries.map((entry) => this.entry(entry)) };
  }

  /** @internal */
  protected entry({ id, fields }: MemoryEntry): MemoryStreamEntry<T> {
    // A copy of each value, as from a socket: its receiver may overwrite it.
    const values = fields.map(([field, value]) => [field, this.#read(Buffer.from(value))] as const);
    return { id: this.text(formatStreamId(id)), message: Object.fromEntries(values) };
  }

  /** @internal */
  protected text(text: string): T {
    return this.#read(Buffer.from(text));
  }
}
