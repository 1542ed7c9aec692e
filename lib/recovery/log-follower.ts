import { asyncScheduler } from 'rxjs';
import type { PubSubClient } from '../hub/client.js';
import { openEnvelope, type LoggedMessage } from '../log/envelope.js';
import { ConsumerCalls } from './consumer-calls.js';
import type { FollowerState } from './follower-state.js';
import type { Follower } from './follower.js';
import type { FollowedChannel } from './followed-channel.js';
import { findStart } from './find-start.js';
import { HeldMessages } from './held-messages.js';
import { BEFORE_ALL, formatLogId, idBefore, isUpTo, type LogId } from '../log/log-id.js';
import { LogPosition } from './log-position.js';
import type { LogReader, LogUser } from './log-reader.js';
import { LogRequests } from './log-requests.js';
import { LogRound } from './log-round.js';
import { nextStep, nextStepWithoutLog, type RoundEnd } from './next-step.js';
import type { Recover } from './recover-options.js';
import type { RecoveryError } from './recovery-error.js';
import { rewind } from './rewind.js';
import { SilenceCheck } from './silence-check.js';

/**
 * Follows the log of a Channel: hands on the messages that arrive in the order of their ids, each once, and reads from the log
 * those that have not arrived.
 */
export class LogFollower implements Follower, LogUser {
  readonly options: Recover;
  readonly #channel: FollowedChannel;
  readonly #calls: ConsumerCalls;
  readonly #reader: LogReader;
  readonly #requests: LogRequests;
  readonly #round: LogRound;
  readonly #held = new HeldMessages();
  readonly #check: SilenceCheck;
  #state: FollowerState = 'idle';
  #position = new LogPosition(BEFORE_ALL);
  /** Messages up to here may still arrive, after they were read from the log. */
  #readTo: LogId = BEFORE_ALL;
  /** True if the connection was lost during a round. */
  #needsRound = false;
  /** True if the log cannot be read, until the next outage. */
  #isRefused = false;
  #onRefused: ((error: RecoveryError) => void) | undefined;

  constructor(channel: FollowedChannel, options: Recover, reader: LogReader) {
    this.#channel = channel;
    this.#calls = new ConsumerCalls(channel);
    this.options = options;
    this.#reader = reader;
    this.#requests = new LogRequests(reader, options.log, (error) => this.#onFailed(error));
    this.#round = new LogRound(this.#requests);
    this.#check = new SilenceCheck(reader, options.log);
  }

  get heartbeat(): number {
    return this.#channel.heartbeat;
  }

  get isIdle(): boolean {
    return this.#state === 'idle';
  }

  get client(): PubSubClient {
    return this.#reader.client;
  }

  get lastId(): string {
    return formatLogId(this.#position.id);
  }

  get isReady(): boolean {
    return this.#state !== 'idle' && this.#state !== 'starting';
  }

  start(onReady: () => void, onRefused: (error: RecoveryError) => void): void {
    this.#state = 'starting';
    this.#reader.join(this);
    this.#onRefused = onRefused;
    const onFound = (position: LogPosition) => {
      this.#position = position;
      this.#onRefused = undefined;
      this.#state = 'ready';
      onReady();
    };
    findStart(this.#requests, this.options, onFound, (error) => this.#onFailed(error));
  }

  stop(): void {
    if (this.isIdle) return;
    const onCaughtUp = this.#calls.stop();
    this.#requests.cancel();
    this.#state = 'idle';
    this.#held.clear();
    this.#readTo = BEFORE_ALL;
    this.#needsRound = false;
    this.#isRefused = false;
    this.#reader.leave(this);
    onCaughtUp?.();
  }

  onSubscribed(): void {
    if (this.#state === 'ready') this.#read(asyncScheduler.now());
  }

  refill(since: number): boolean {
    this.#isRefused = false;
    this.#reader.renew();
    // If the log has lost its last messages, a later message with one of these ids is another one.
    this.#held.dropWhile(({ id }) => this.#position.covers(id));
    if (this.#state === 'live') this.#read(since);
    else if (this.isReady) this.#needsRound = true;
    return this.isReady;
  }

  receive(data: string | Buffer, channel: string, rawChannel: Buffer | undefined): void {
    const message = openEnvelope(data, channel, rawChannel);
    if (!message) return this.#channel.deliverUnlogged(data, channel, rawChannel);
    const { id, payload } = message;
    if (this.isIdle) return this.#channel.deliver(message);
    if (this.#state !== 'live') {
      // The messages that were dropped are read again.
      if (!this.#held.push(message)) this.#needsRound = true;
      return;
    }
    if (id.epoch === this.#readTo.epoch && id.number <= this.#readTo.number) return;
    // Messages arrive in their order: no earlier one follows.
    this.#readTo = BEFORE_ALL;
    if (!this.#position.isBefore(id) || this.#channel.isFull(payload.length, true)) {
      this.#held.push(message);
      return this.#handOn();
    }
    this.#position.moveTo(id, message.nonce);
    this.#calls.deliver(message);
  }

  resume(): void {
    if (this.#state === 'full') this.#handOn();
  }

  /** Calls back when nothing is read from the log any more: at once if nothing is, and at the latest when the follower stops. */
  whenCaughtUp(onCaughtUp: () => void): void {
    if (this.#state === 'reading' || this.#state === 'full') this.#calls.whenCaughtUp(onCaughtUp);
    else onCaughtUp();
  }

  check(): void {
    if (this.#state !== 'live') return;
    const { id } = this.#position;
    this.#check.run(id, (since) => {
      if (this.#state === 'live' && this.#position.id === id) this.#read(since);
    });
  }

  /** Reads a round, from the position to the end of the log. */
  #read(since: number): void {
    this.#calls.begin(since);
    this.#state = 'reading';
    this.#needsRound = false;
    const arrived = this.#held.last?.id;
    this.#round.read(
      this.#position,
      (entry) => this.#onEntry(entry),
      () => this.#calls.miss('unknown'),
      (end) => this.#onEnd({ ...end, arrived }),
    );
  }

  /** Returns false if the message has to be read once more, or nothing more is wanted. */
  #onEntry(entry: LoggedMessage): boolean {
    if (this.#channel.isFull(entry.payload.length, false)) {
      this.#needsRound = true;
      this.#wait();
      return false;
    }
    if (!this.#calls.miss(this.#position.missingBefore(entry.id))) return false;
    this.#held.dropWhile(({ id }) => isUpTo(entry.id, id));
    this.#position.moveTo(entry.id, entry.nonce);
    return this.#calls.recover(entry);
  }

  #onEnd({ last, arrived, isRewound }: RoundEnd): void {
    this.#readTo = this.#position.id;
    // A log that lacks what had arrived before it was read has lost it.
    const hasLost = arrived !== undefined && !isUpTo(last, arrived) && !this.#position.covers(arrived);
    this.#handOn({ last, arrived, isRewound: isRewound || hasLost });
  }

  /** Goes on with a log that ends before the position. */
  #rewind(end: RoundEnd): void {
    if (!this.#calls.miss('unknown')) return;
    this.#readTo = BEFORE_ALL;
    rewind(this.#position, this.#held, end);
    this.#read(this.#calls.since);
  }

  /** Hands on what has arrived, up to the first hole. The follower is then live, or reads on, or waits for room. */
  #handOn(end?: RoundEnd): void {
    this.#state = 'reading';
    for (let first = this.#held.first; first; first = this.#held.first) {
      if (this.#needsRound && !this.#isRefused) return this.#read(this.#calls.since);
      const { id } = first;
      if (end?.last && !isUpTo(end.last, id) && !this.#giveUpTo(end.last)) return;
      const step = this.#isRefused
        ? nextStepWithoutLog(id, this.#position)
        : nextStep(id, this.#position, end);
      if (step === 'read') return this.#read(asyncScheduler.now());
      if (step === 'rewind') return this.#rewind(end as RoundEnd);
      if (step !== 'drop' && !this.#isRefused && this.#channel.isFull(first.payload.length, true))
        return this.#wait(end);
      if (step === 'miss' && !this.#calls.miss(this.#position.missingBefore(id))) return;
      this.#held.shift();
      if (step === 'drop') continue;
      this.#position.moveTo(id, first.nonce);
      if (!this.#calls.deliver(first)) return;
    }
    if (end?.isRewound) return this.#rewind(end);
    if (end?.last && !this.#giveUpTo(end.last)) return;
    if (this.#needsRound) return this.#read(this.#calls.since);
    this.#state = 'live';
    this.#position.close();
    this.#calls.end();
  }

  /** Gives up the messages up to the end of the log, which it has lost; returns false after a stop. */
  #giveUpTo(last: LogId): boolean {
    if (this.#position.covers(last)) return true;
    if (!this.#calls.miss(this.#position.missingUpTo(last))) return false;
    this.#position.moveTo(last);
    return true;
  }

  /** Waits for room; the rest of a round is read again. */
  #wait(end?: RoundEnd): void {
    this.#state = 'full';
    if (end) this.#needsRound = true;
    this.#calls.whenRoom(() => this.resume());
  }

  #onFailed(error: RecoveryError): void {
    const refuse = this.#onRefused;
    if (refuse) {
      this.stop();
      return refuse(error);
    }
    this.#isRefused = true;
    if (!this.#calls.fail(error)) return;
    const first = this.#held.first?.id;
    if (first && !this.#position.covers(first)) this.#position.moveTo(idBefore(first));
    this.#handOn();
  }
}
