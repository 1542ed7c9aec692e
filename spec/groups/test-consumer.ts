import { createClient } from 'redis';
import { BlockingConnection } from '../../lib/groups/blocking-connection.js';
import { BlockingTail } from '../../lib/groups/blocking-tail.js';
import type { FollowedGroup } from '../../lib/groups/followed-group.js';
import type { GroupEntry } from '../../lib/groups/group-entry.js';
import { GroupFollower } from '../../lib/groups/group-follower.js';
import type { GroupSettings } from '../../lib/groups/group-options.js';
import { GroupConnection } from '../../lib/groups/group-connection.js';
import { PollingTail } from '../../lib/groups/polling-tail.js';
import type { Acknowledgement } from '../../lib/queue/handling.js';
import { currentHandling } from '../../lib/queue/handling.js';
import { streamHubOf } from '../../lib/streams/stream-hub.js';

type Client = ReturnType<typeof createClient>;

/** Handles an entry: at once, or until the promise has settled. */
export type Handle = (entry: GroupEntry, acknowledgement: Acknowledgement) => void | Promise<void>;

export interface TestConsumerOptions extends Partial<GroupSettings> {
  readonly key?: string;
  readonly url: string;
  readonly handle?: Handle;
  readonly isPolling?: boolean;
}

/** A follower of a group, with a Channel that notes all calls. */
export class TestConsumer implements AsyncDisposable {
  readonly follower: GroupFollower;
  readonly #client: Client;
  readonly delivered: string[] = [];
  readonly deliveries: [string, number][] = [];
  readonly missed: (number | undefined)[] = [];
  readonly dead: GroupEntry[] = [];
  readonly errors: string[] = [];
  lost = 0;
  isFull = false;
  #onRoom: (() => void) | undefined;

  private constructor(client: Client, options: TestConsumerOptions) {
    this.#client = client;
    const { url: _url, key = 'jobs', handle = () => undefined, isPolling = false, ...group } = options;
    const connection = new GroupConnection(streamHubOf(client));
    const defaults = {
      group: 'workers',
      consumer: 'one',
      isOwnName: true,
      from: 'start',
      field: undefined,
      batch: 10,
      prefetch: 1_000,
    };
    const more = {
      claimAfter: 30_000,
      maxDeliveries: Infinity,
      deadLetter: undefined,
      ack: 'handled',
    } as const;
    const resolved: GroupSettings = { ...defaults, ...more, ...group };
    const { group: name, consumer } = resolved;
    const of = { key, group: name, consumer, binary: false, connection };
    const tail = isPolling
      ? new PollingTail(of)
      : new BlockingTail({ ...of, blocking: new BlockingConnection(connection) });
    this.follower = new GroupFollower(this.#channel(handle), of, resolved, tail);
  }

  static async start(options: TestConsumerOptions): Promise<TestConsumer> {
    const client: Client = createClient({ url: options.url });
    client.on('error', () => undefined);
    await client.connect();
    const consumer = new TestConsumer(client, options);
    try {
      await consumer.begin();
    } catch (error) {
      client.destroy();
      throw error;
    }
    return consumer;
  }

  begin(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.follower.start(() => {
        this.follower.read();
        resolve();
      }, reject);
    });
  }

  makeRoom(): void {
    this.isFull = false;
    const onRoom = this.#onRoom;
    this.#onRoom = undefined;
    onRoom?.();
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.follower.stop();
      this.follower.whenLeft(resolve);
    });
  }

  drain(): Promise<void> {
    return new Promise((resolve) => this.follower.drain(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.#client.destroy();
  }

  #channel(handle: Handle): FollowedGroup {
    return {
      isFull: () => this.isFull,
      whenRoom: (resume) => (this.#onRoom = resume),
      deliver: (entry, acknowledgement) => {
        this.delivered.push(String(entry.fields.n));
        this.deliveries.push([String(entry.fields.n), entry.deliveries]);
        const handled = handle(entry, acknowledgement);
        if (!handled) return;
        const handling = currentHandling()?.begin();
        handled.then(
          () => handling?.end('handled'),
          () => handling?.end('failed'),
        );
      },
      onMissed: (_, count) => this.missed.push(count),
      onDeadLetter: (entry) => this.dead.push(entry),
      onGroupLost: () => this.lost++,
      onFailing: (error) => this.errors.push(String(error)),
      onFailed: (error) => this.errors.push(String(error)),
    };
  }
}
