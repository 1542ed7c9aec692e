import {
  checkedFields,
  checkedId,
  checkedIds,
  checkedKey,
  checkedKeys,
  checkedLength,
  checkedStrategy,
} from './checks-of-logs.js';
import { MemoryClient } from './memory-client.js';
import type {
  MemoryEvalOptions,
  MemoryReadOptions,
  MemoryReadStream,
  MemoryStreamEntry,
  MemoryStreamInfo,
  MemoryStreamReply,
} from './memory-commands.js';
import { MemoryGroupCommands } from './memory-group-commands.js';
import type { MemoryKeyspace } from './memory-keyspace.js';
import { invalidArgument } from '../errors/invalid-argument.js';
import type { Reply } from '../log/log-client.js';

/** Trim of a stream that XADD does, in the form of node-redis. `'~'` trims exactly, too. */
export interface MemoryTrim {
  /** Strategy; MAXLEN is the only one. */
  readonly strategy: 'MAXLEN';
  /** Modifier, which changes nothing here: Redis keeps a few more entries with `'~'`. */
  readonly strategyModifier?: '=' | '~';
  /** Number of entries that stay. */
  readonly threshold: number;
}

const toText = (bytes: Buffer) => bytes.toString();
const toBytes = (bytes: Buffer) => bytes;

/** Commands of a client on logs, which are streams of Redis: for recoverable channels and their publishers. */
export abstract class MemoryLogClient extends MemoryClient {
  /**
   * Keys that Redis refuses with NOPERM from now on, to this client and to all others of the same Redis. The methods for the
   * test are not refused.
   *
   * ```ts
   * redis.forbiddenKeys.add('log');
   * ```
   */
  get forbiddenKeys(): Set<string> {
    return this.server.forbiddenKeys;
  }

  // Commands for the code under test

  /**
   * Runs the script of a recoverable publisher (EVAL): appends a message to a log, and publishes it. Throws on any other
   * script. Returns the id and the number of receivers, at once; a promise, if requests are delayed, withheld, or waiting for
   * the connection.
   *
   * @throws if the client is closed, and the error of Redis or of a listener
   */
  eval(script: string, options: MemoryEvalOptions): Reply<[id: string, receivers: number]> {
    return this.strings.eval(script, options);
  }

  /**
   * Returns the entries of a stream from one id to another (XRANGE), at once or as a promise, as {@link eval} does. `'-'` and
   * `'+'` stand for the ends of the stream, and `'(5-1'` leaves 5-1 itself out.
   */
  xRange(
    key: string,
    start: string,
    end: string,
    options?: { readonly COUNT?: number },
  ): Reply<MemoryStreamEntry[]> {
    return this.strings.xRange(key, start, end, options);
  }

  /** Returns the state of a stream (XINFO STREAM), at once or as a promise, as {@link eval} does. */
  xInfoStream(key: string): Reply<MemoryStreamInfo> {
    return this.strings.xInfoStream(key);
  }

  /**
   * Returns the entries of streams behind the given ids (XREAD), or null if there are none, at once or as a promise, as
   * {@link eval} does. With BLOCK, a promise waits for an entry, and later commands of this client wait for the promise. A wait
   * that is over by the clock of the scheduler gives null; until the next change of a key, further waits are not limited,
   * because virtual time would not end.
   */
  xRead(
    streams: MemoryReadStream | readonly MemoryReadStream[],
    options?: MemoryReadOptions,
  ): Reply<MemoryStreamReply[] | null> {
    return this.strings.xRead(streams, options);
  }

  /** Returns the commands above with other types of replies: `{ 36: Buffer }` gives Buffers in place of strings. */
  withTypeMapping(mapping: { readonly 36: typeof Buffer }): MemoryGroupCommands<Buffer> {
    if ((mapping as typeof mapping | undefined)?.[36] !== Buffer)
      throw invalidArgument('the type mapping', '{ 36: Buffer }', mapping);
    return new MemoryGroupCommands(this.server, this.core, toBytes);
  }

  // Commands for the test

  /**
   * Adds an entry to a stream as another client does (XADD). Returns its id: `'*'` generates one by the clock, and `'5-*'`
   * the next one of epoch 5.
   *
   * ```ts
   * redis.xAdd('log', '5-*', { d: 'hello', n: 'nonce' }); // '5-1', if 5-0 was the last one
   * ```
   */
  xAdd(
    key: string,
    id: string,
    message: Readonly<Record<string, string | Buffer>>,
    options: { readonly TRIM?: MemoryTrim } = {},
  ): string {
    const { TRIM } = options;
    if (TRIM) checkedStrategy(TRIM.strategy);
    const maxLength = TRIM && checkedLength(TRIM.threshold);
    const entry = [checkedKey(key), checkedId(id), checkedFields(message), maxLength] as const;
    return this.#change((keyspace) => keyspace.add(...entry));
  }

  /** Removes the oldest entries of a stream above this number, exactly (XTRIM MAXLEN). Returns how many they were. */
  xTrim(key: string, strategy: 'MAXLEN', threshold: number): number {
    checkedStrategy(strategy);
    return this.#change((keyspace) => keyspace.trim(checkedKey(key), checkedLength(threshold)));
  }

  /** Deletes entries of a stream (XDEL). Returns how many existed. */
  xDel(key: string, ids: string | readonly string[]): number {
    return this.#change((keyspace) => keyspace.deleteEntries(checkedKey(key), checkedIds(ids)));
  }

  /** Deletes keys (DEL). Returns how many existed. */
  del(keys: string | readonly string[]): number {
    return this.#change((keyspace) => keyspace.delete(checkedKeys(keys)));
  }

  /** Makes a key of another type, so that commands on streams fail (SET). The value is not kept. */
  set(key: string, _value: string | Buffer | number): 'OK' {
    this.#change((keyspace) => keyspace.set(checkedKey(key)));
    return 'OK';
  }

  /** Changes keys as another client does, and wakes the reads that wait for them. */
  #change<T>(change: (keyspace: MemoryKeyspace) => T): T {
    return this.server.execute(() => change(this.server.keys));
  }

  /** @internal */
  protected get strings(): MemoryGroupCommands<string> {
    return new MemoryGroupCommands(this.server, this.core, toText);
  }
}
