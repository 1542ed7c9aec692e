import { reasonOf } from '../errors/reason-of.js';
import type { StreamEntry } from '../log/log-client.js';
import { streamReplies, type ReadOptions, type StreamClient } from '../log/stream-client.js';
import type { LogRequest } from '../recovery/log-connection.js';
import type { SharedConnection } from '../recovery/shared-connection.js';
import { streamInfo, type StreamInfo, type StreamInfoReply } from './stream-info.js';

/** A stream, and the id behind which it is read. */
export interface StreamReader {
  readonly key: string;
  readonly place: string;
}

/** The entries of one stream. */
export interface StreamRead<R> {
  readonly user: R;
  readonly entries: readonly StreamEntry[];
}

/** The commands that read streams, on one connection. */
export class StreamRequests {
  readonly #connection: SharedConnection;

  constructor(connection: SharedConnection) {
    this.#connection = connection;
  }

  /** Reads the state of a stream; undefined if there is none. */
  info(key: string, { onReply, onError }: LogRequest<StreamInfo | undefined>): void {
    this.#connection.send((_, client) => client.xInfoStream(key), {
      onReply: (reply) => onReply(streamInfo(reply as StreamInfoReply)),
      onError: (error) => {
        if (reasonOf(error).includes('no such key')) onReply(undefined);
        else onError(error);
      },
    });
  }

  /** Reads what is behind the places of these streams; `binary`: the values are Buffers. */
  read<R extends StreamReader>(
    users: readonly R[],
    options: ReadOptions,
    binary: boolean,
    { onReply, onError }: LogRequest<readonly StreamRead<R>[]>,
  ): void {
    const places = users.map(({ key, place }) => ({ key, id: place }));
    this.#connection.send<unknown>(
      (commands, client) => ((binary ? commands : client) as StreamClient).xRead(places, options),
      { onReply: (reply) => onReply(readsOf(users, reply)), onError: (error) => onError(error) },
    );
  }
}

/** Several Channels may read one stream, from different places: Redis replies in the order of the request. */
function readsOf<R extends StreamReader>(users: readonly R[], reply: unknown): StreamRead<R>[] {
  const reads: StreamRead<R>[] = [];
  let index = 0;
  for (const { name, messages } of streamReplies(reply)) {
    const key = String(name);
    while (index < users.length && users[index]?.key !== key) index++;
    const user = users[index++];
    if (user) reads.push({ user, entries: messages });
  }
  return reads;
}
