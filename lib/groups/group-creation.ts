import { reasonOf } from '../errors/reason-of.js';
import { RetriedRequests, type RetriedRequestsObserver } from '../recovery/retried-requests.js';
import { BEFORE_ALL_ENTRIES, compareEntryIds } from '../streams/entry-id.js';
import { printOf, type StreamInfo } from '../streams/stream-info.js';
import { countLost } from './count-lost.js';
import type { GroupInfo } from './group-commands.js';
import type { LastEntry } from './group-entry.js';
import type { GroupKey } from './group-key.js';

/** Creates the group of a stream, and the stream, where they do not exist. */
export class GroupCreation {
  readonly #of: GroupKey;
  readonly #requests: RetriedRequests;

  constructor(of: GroupKey, observer: RetriedRequestsObserver) {
    this.#of = of;
    this.#requests = new RetriedRequests(of.connection, observer);
  }

  /** Creates the group where the option says. */
  runFirst(from: string, onCreated: (last: string) => void): void {
    if (from === 'start') this.run(BEFORE_ALL_ENTRIES, onCreated);
    else if (from === 'new') this.run('$', onCreated);
    // Entries that were removed behind a given id are missing.
    else this.run(from, onCreated, false);
  }

  /**
   * Creates the group anew behind an entry. A stream that has not come so far, or has another entry with this id, was created
   * anew, too: the group then begins with its first entry.
   */
  runAnew({ id, fields }: LastEntry, onCreated: (last: string) => void): void {
    const { key, binary, connection } = this.#of;
    this.#requests.ask<StreamInfo | undefined>(
      (request) => connection.hub.requests.info(key, binary, request),
      (info) => {
        const ends = [info?.first, info?.newest];
        const isOther = ends.some((end) => fields && end?.id === id && end.print !== printOf(fields));
        const isSame = info !== undefined && compareEntryIds(info.last, id) >= 0 && !isOther;
        this.run(isSame ? id : BEFORE_ALL_ENTRIES, onCreated);
      },
    );
  }

  /**
   * Creates the group behind an id, and calls back with the id up to which it has delivered entries; also if it exists.
   * `isBegin`: only what the stream loses from now on is missing.
   */
  run(id: string, onCreated: (last: string) => void, isBegin = true): void {
    const { key, group, connection } = this.#of;
    this.#requests.ask<unknown>(
      (request) =>
        connection.send((client) => client.xGroupCreate(key, group, id, { MKSTREAM: true }), {
          onReply: (reply) => {
            if (isBegin) this.#noteBegin();
            request.onReply(reply);
          },
          onError: (error) =>
            reasonOf(error).startsWith('BUSYGROUP') ? request.onReply('OK') : request.onError(error),
        }),
      () => this.#readLast(onCreated),
    );
  }

  cancel(): void {
    this.#requests.cancel();
  }

  /** Lets Redis count from here what the group has read. */
  #noteBegin(): void {
    const { key, group, connection } = this.#of;
    const request = { onReply: () => undefined, onError: () => undefined };
    connection.hub.connection.send((_, client) => countLost(client, group, [key]), request);
  }

  #readLast(onCreated: (last: string) => void): void {
    const { key, group, connection } = this.#of;
    this.#requests.ask<readonly GroupInfo[]>(
      (request) => connection.send((client) => client.xInfoGroups(key), request),
      (groups) => {
        const info = groups.find(({ name }) => String(name) === group);
        onCreated(info ? String(info['last-delivered-id']) : '0-0');
      },
    );
  }
}
