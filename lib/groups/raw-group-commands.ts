import type { LogClient, StreamEntry } from '../log/log-client.js';
import { entryOf, listOf, prefixed, sendRaw, type RawClient, type Text } from '../streams/stream-commands.js';
import type {
  ClaimedEntries,
  EntryFields,
  GroupCommands,
  GroupInfo,
  PendingEntry,
} from './group-commands.js';

interface ClaimOptions {
  readonly IDLE?: number;
  readonly RETRYCOUNT?: number;
}

/** The commands of groups on a client of a server, sent as they are: each version and protocol replies in one form. */
export class RawGroupCommands implements GroupCommands {
  readonly #client: LogClient & RawClient;
  readonly #binary: boolean;

  /** @param binary true if the replies have Buffers in place of strings */
  constructor(client: LogClient & RawClient, binary: boolean) {
    this.#client = client;
    this.#binary = binary;
  }

  xGroupCreate(key: string, group: string, id: string): Promise<unknown> {
    return this.#send(['XGROUP', 'CREATE'], key, group, id, 'MKSTREAM');
  }

  xGroupDelConsumer(key: string, group: string, consumer: string): Promise<number> {
    return this.#send(['XGROUP', 'DELCONSUMER'], key, group, consumer).then(Number);
  }

  async xInfoGroups(key: string): Promise<GroupInfo[]> {
    const groups = await this.#send(['XINFO', 'GROUPS'], key);
    return (groups as unknown[]).map((group) => objectOf(listOf(group)) as unknown as GroupInfo);
  }

  xAck(key: string, group: string, ids: readonly string[]): Promise<number> {
    return this.#send(['XACK'], key, group, ...ids).then(Number);
  }

  async xPendingRange(
    key: string,
    group: string,
    start: string,
    end: string,
    count: number,
    { consumer }: { consumer: string },
  ): Promise<PendingEntry[]> {
    const entries = await this.#send(['XPENDING'], key, group, start, end, String(count), consumer);
    return (entries as [Text, Text, number, number][]).map(([id, , idle, deliveries]) => ({
      id,
      millisecondsSinceLastDelivery: idle,
      deliveriesCounter: deliveries,
    }));
  }

  async xClaim(
    key: string,
    group: string,
    consumer: string,
    minIdle: number,
    ids: readonly string[],
    options: ClaimOptions = {},
  ): Promise<(StreamEntry | null)[]> {
    return entriesOf(await this.#claim(key, group, consumer, minIdle, ids, optionsOf(options)));
  }

  xClaimJustId(
    key: string,
    group: string,
    consumer: string,
    minIdle: number,
    ids: readonly string[],
    options: ClaimOptions = {},
  ): Promise<unknown> {
    return this.#claim(key, group, consumer, minIdle, ids, [...optionsOf(options), 'JUSTID']);
  }

  async xAutoClaim(
    key: string,
    group: string,
    consumer: string,
    minIdle: number,
    start: string,
    { COUNT }: { COUNT: number },
  ): Promise<ClaimedEntries> {
    const options = [String(minIdle), start, 'COUNT', String(COUNT)];
    const reply = await this.#send(['XAUTOCLAIM'], key, group, consumer, ...options);
    const [nextId, entries, deletedMessages = []] = reply as [Text, unknown, Text[]?];
    return { nextId, messages: entriesOf(entries), deletedMessages };
  }

  xAdd(key: string, id: string, message: EntryFields): Promise<unknown> {
    return this.#send(['XADD'], key, id, ...Object.entries(message).flat());
  }

  #claim(
    key: string,
    group: string,
    consumer: string,
    minIdle: number,
    ids: readonly string[],
    options: readonly string[],
  ): Promise<unknown> {
    return this.#send(['XCLAIM'], key, group, consumer, String(minIdle), ...ids, ...options);
  }

  #send(command: readonly string[], key: string, ...args: readonly Text[]): Promise<unknown> {
    const name = prefixed(this.#client, key);
    return sendRaw(this.#client, name, [...command, name, ...args], this.#binary);
  }
}

function optionsOf({ IDLE, RETRYCOUNT }: ClaimOptions): string[] {
  const idle = IDLE === undefined ? [] : ['IDLE', String(IDLE)];
  return RETRYCOUNT === undefined ? idle : [...idle, 'RETRYCOUNT', String(RETRYCOUNT)];
}

/** Reads entries; one that is deleted is null, or absent. */
function entriesOf(reply: unknown): (StreamEntry | null)[] {
  return (reply as readonly unknown[]).map((entry) => (entry === null ? null : entryOf(entry)));
}

function objectOf(list: readonly unknown[]): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (let index = 0; index + 1 < list.length; index += 2) object[String(list[index])] = list[index + 1];
  return object;
}
