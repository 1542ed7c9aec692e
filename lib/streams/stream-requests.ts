import { isClusterClient } from '../cluster/cluster-nodes.js';
import { reasonOf } from '../errors/reason-of.js';
import type { StreamEntry } from '../log/log-client.js';
import type { LogRequest } from '../recovery/log-connection.js';
import type { SharedConnection } from '../recovery/shared-connection.js';
import { compareEntryIds } from './entry-id.js';
import { readInfo, readStreams, type ReadOptions } from './stream-commands.js';
import { streamInfo, type StreamInfo } from './stream-info.js';

/** A stream, and the id of the last entry that is known. */
export interface StreamReader {
  readonly key: string;
  readonly lastId: string;
}

/** The entries of a stream behind the last id of one reader. */
export interface StreamRead<R> {
  readonly reader: R;
  readonly entries: readonly StreamEntry[];
  /** True if the stream had no further entry when it was read. */
  readonly isEnd: boolean;
}

/** The commands that read streams, on one connection. */
export class StreamRequests {
  readonly #connection: SharedConnection;

  constructor(connection: SharedConnection) {
    this.#connection = connection;
  }

  /** Replaces the connection if it has brought no reply for so many milliseconds: it may be half-open. */
  renewIfSilentFor(milliseconds: number): void {
    if (this.#connection.isSilentFor(milliseconds)) this.#connection.renew();
  }

  /** Reads the state of a stream; undefined if there is none. */
  info(key: string, binary: boolean, { onReply, onError }: LogRequest<StreamInfo | undefined>): void {
    this.#connection.send((_, client) => readInfo(client, key, binary), {
      onReply: (reply) => onReply(streamInfo(reply)),
      onError: (error) => {
        if (reasonOf(error).includes('no such key')) onReply(undefined);
        else onError(error);
      },
    });
  }

  /** Reads the state of a stream, and then what is behind the last id of a reader. */
  infoAndEntries<R extends StreamReader>(
    reader: R,
    options: ReadOptions,
    { onReply, onError }: LogRequest<readonly [StreamInfo | undefined, StreamRead<R> | undefined]>,
  ): void {
    let info: { readonly state: StreamInfo | undefined } | undefined;
    let reads: readonly StreamRead<R>[] | undefined;
    let hasFailed = false;
    const onEither = () => {
      if (info && reads) onReply([info.state, reads[0]]);
    };
    const fail = (error: unknown) => {
      if (!hasFailed) onError(error);
      hasFailed = true;
    };
    const read = () =>
      this.read([reader], options, {
        onReply: (found) => {
          reads = found;
          onEither();
        },
        onError: fail,
      });
    // A cluster client may redirect one of two commands, and so change their order: a state is never to be the later one.
    const isOrdered = !isClusterClient(this.#connection.source);
    this.info(reader.key, options.binary, {
      onReply: (state) => {
        info = { state };
        if (isOrdered) onEither();
        else read();
      },
      onError: fail,
    });
    if (isOrdered) read();
  }

  /**
   * Reads what is behind the last ids of these readers, and replies with something for each. A key stands in the command once,
   * with the smallest last id of its readers.
   */
  read<R extends StreamReader>(
    readers: readonly R[],
    options: ReadOptions,
    { onReply, onError }: LogRequest<readonly StreamRead<R>[]>,
  ): void {
    const places = readers.map((reader) => ({ reader, key: reader.key, id: reader.lastId }));
    const first = new Map<string, string>();
    for (const { key, id } of places) {
      const earlier = first.get(key);
      if (earlier === undefined || compareEntryIds(id, earlier) < 0) first.set(key, id);
    }
    const asked = [...first].map(([key, id]) => ({ key, id }));
    this.#connection.send((_, client) => readStreams(client, asked, options), {
      onReply: (replies) => {
        const found = new Map((replies ?? []).map(({ name, messages }) => [String(name), messages]));
        onReply(
          places.map(({ reader, key, id }) => {
            const all = found.get(key) ?? [];
            const isBehind = (entry: StreamEntry) => compareEntryIds(String(entry.id), id) > 0;
            const entries = first.get(key) === id ? all : all.filter(isBehind);
            return { reader, entries, isEnd: all.length < options.count };
          }),
        );
      },
      onError: (error) => onError(error),
    });
  }
}
