import { formatLogId, type LogId } from '../../../lib/log/log-id.js';
import type { LoggedMessage } from '../../../lib/log/envelope.js';
import type { FollowedChannel } from '../../../lib/recovery/followed-channel.js';
import { LogFollower } from '../../../lib/recovery/log-follower.js';
import type { LogRequest } from '../../../lib/recovery/log-connection.js';
import type { LogReader } from '../../../lib/recovery/log-reader.js';
import { ReceivedNumbers } from './received-numbers.js';

/** A log as APPEND_SCRIPT writes it. */
interface Log {
  entries: LoggedMessage[];
  last: LogId;
}

interface Request {
  /** Reads the log; the returned function gives the reply. */
  execute: () => () => void;
  reply?: () => void;
}

const CAPACITY = 3;

/** A follower of a log, with every step of Redis and of the connections under control. */
export class FollowedLog implements FollowedChannel {
  readonly heartbeat = 0;
  readonly binary = true;
  readonly roomForEntries = () => Infinity;
  readonly isFullForEntry = () => false;
  readonly deliverEntry = () => undefined;
  readonly onGroupEvent = () => undefined;
  readonly record = new ReceivedNumbers();
  readonly #follower: LogFollower;
  readonly #requests: Request[] = [];
  #log: Log | undefined;
  #known: LogId = { epoch: 0, number: 0 };
  #clock = 1_000;
  #published = 0;
  /** Messages on their way to the subscriber. */
  #arriving: { entry: LoggedMessage }[] = [];
  #isSubscribed = false;
  #isConnected = true;
  /** The number of messages in the buffer of the consumer. */
  #buffered = 0;
  #resume: (() => void) | undefined;

  constructor(from: 'new' | 'start' = 'new') {
    const reader = {
      join: () => undefined,
      leave: () => undefined,
      renew: () => undefined,
      read: (_log: string, start: string, count: number, request: LogRequest<readonly LoggedMessage[]>) =>
        void this.#requests.push({
          execute: () => {
            const entries = this.#range(start).slice(0, count);
            return () => request.onReply(entries);
          },
        }),
      readLast: (_log: string, request: LogRequest<LogId | undefined>) =>
        void this.#requests.push({
          execute: () => {
            const last = this.#log?.last;
            if (!this.#follower.isReady)
              this.record.begin(from === 'new' ? this.#published : 0, from === 'start' || !last);
            return () => request.onReply(last);
          },
        }),
    } as unknown as LogReader;
    this.#follower = new LogFollower(this, { log: 'log', from }, reader);
  }

  publish(): void {
    this.#published++;
    const payload = Buffer.from(String(this.#published));
    const id = this.#nextId();
    const entry = {
      id,
      idText: formatLogId(id),
      nonce: String(this.#published),
      payload,
      channel: undefined,
      rawChannel: undefined,
    };
    this.#log ??= { entries: [], last: id };
    this.#log.last = id;
    this.#log.entries.push(entry);
    this.#known = id;
    if (this.#isSubscribed && this.#isConnected) this.#arriving.push({ entry });
  }

  trim(keep: number): void {
    if (this.#log) this.#log.entries = keep === 0 ? [] : this.#log.entries.slice(-keep);
  }

  removeEntry(index: number): void {
    this.#log?.entries.splice(index % Math.max(1, this.#log.entries.length), 1);
  }

  delete(): void {
    // Nobody could tell that the messages of a rewound log were lost, if no message follows before its deletion.
    if (this.#log && formatLogId(this.#log.last) !== formatLogId(this.#known)) return;
    if (this.#log) this.record.isDeleted = true;
    this.#log = undefined;
    this.#clock += 10;
  }

  /** Loses the last messages of the log, as a failover does. */
  rewind(count: number): void {
    const { entries } = this.#log ?? { entries: [] };
    const last = entries.at(-1 - count);
    if (!this.#log || !last) return;
    this.record.isDeleted = true;
    entries.splice(entries.length - count);
    this.#log.last = last.id;
    this.disconnect();
  }

  subscribe(): void {
    if (this.#follower.isIdle) this.#follower.start(this.#onReady, () => undefined);
  }

  unsubscribe(): void {
    this.#follower.stop();
    this.#isSubscribed = false;
    this.#arriving = [];
    this.#buffered = 0;
  }

  disconnect(): void {
    this.#isConnected = false;
    this.#arriving = [];
  }

  reconnect(): void {
    if (this.#isConnected) return;
    this.#isConnected = true;
    if (!this.#isSubscribed) return;
    this.#follower.onSubscribed();
    this.#follower.refill(this.#clock);
  }

  /** Executes the next request of the follower. */
  execute(): boolean {
    const request = this.#requests.find(({ reply }) => !reply);
    if (request) request.reply = request.execute();
    return request !== undefined;
  }

  reply(): boolean {
    const reply = this.#requests[0]?.reply;
    if (reply) this.#requests.shift();
    reply?.();
    return reply !== undefined;
  }

  arrive(): boolean {
    const next = this.#arriving.shift();
    if (next) {
      const { id, nonce, payload } = next.entry;
      this.#follower.receive(`\0rx1 ${formatLogId(id)} ${nonce}\n${payload.toString()}`, 'news', undefined);
    }
    return next !== undefined;
  }

  take(): boolean {
    const hasTaken = this.#buffered > 0;
    if (hasTaken) this.#buffered--;
    const resume = this.#buffered > 1 ? undefined : this.#resume;
    if (resume) this.#resume = undefined;
    resume?.();
    return hasTaken || resume !== undefined;
  }

  /** Does everything that is to be done, and publishes a last message that is received. */
  settle(): void {
    this.subscribe();
    this.reconnect();
    this.#run();
    this.publish();
    this.#run();
  }

  /** Returns the faults of what the follower has delivered. */
  faults(): string[] {
    const left = (this.#log?.entries ?? []).map(({ payload }) => Number(payload.toString()));
    return this.record.faults(left, this.#published);
  }

  isFull(): boolean {
    return this.#buffered >= CAPACITY;
  }

  whenRoom(resume: () => void): void {
    this.#resume = resume;
  }

  deliver({ payload }: LoggedMessage): void {
    if (!this.#isSubscribed) this.record.receiveUnexpectedly();
    this.record.receive(Number(payload.toString()));
    this.#buffered++;
    if (this.#buffered > CAPACITY) this.record.overflow();
    this.#onDelivered?.();
  }

  deliverUnlogged(data: string | Buffer): void {
    this.record.receive(Number(data.toString()));
  }

  onMissed(_since: number, missing: number | 'unknown'): void {
    this.record.miss(missing);
    this.#onDelivered?.();
  }

  onRecovered(): void {}

  onFailed(): void {}

  /** Calls once, inside the next delivery or gap. */
  onNext(work: () => void): void {
    this.#onDelivered = () => {
      this.#onDelivered = undefined;
      work();
    };
  }

  #onDelivered: (() => void) | undefined;

  readonly #onReady = (): void => {
    this.#isSubscribed = true;
    if (this.#isConnected) this.#follower.onSubscribed();
  };

  #run(): void {
    this.#onDelivered = undefined;
    for (let steps = 0; this.execute() || this.reply() || this.arrive() || this.take(); steps++)
      if (steps > 10_000) throw new Error('The follower never settles.');
  }

  #range(start: string): LoggedMessage[] {
    const isExclusive = start.startsWith('(');
    const [epoch = 0, number = 0] = start.replace('(', '').split('-').map(Number);
    const order = ({ id }: LoggedMessage) => id.epoch - epoch || id.number - number;
    return (this.#log?.entries ?? []).filter((entry) => order(entry) > (isExclusive ? 0 : -1));
  }

  #nextId(): LogId {
    this.#clock++;
    const known = this.#known;
    if (!this.#log) return { epoch: this.#clock, number: 1 };
    const { epoch, number } = this.#log.last;
    const isRewound = known.epoch === epoch && number + 1 <= known.number;
    if (known.epoch > epoch || isRewound) {
      this.#clock = Math.max(this.#clock, known.epoch + 1);
      return { epoch: this.#clock, number: FIRST_AFTER_LOSS };
    }
    return { epoch, number: number + 1 };
  }
}

/** The number that APPEND_SCRIPT gives the first message after it has found that the log has lost messages. */
const FIRST_AFTER_LOSS = 2;
