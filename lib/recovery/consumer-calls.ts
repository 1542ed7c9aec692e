import type { LoggedMessage } from '../log/envelope.js';
import type { FollowedChannel } from './followed-channel.js';
import type { Missing } from './log-position.js';
import type { RecoveryError } from './recovery-error.js';

/**
 * The calls of a follower to its Channel. A consumer may stop the follower inside each of them, and even start it again: the
 * call then returns false.
 */
export class ConsumerCalls {
  readonly #channel: FollowedChannel;
  /** Changes with each stop. */
  #run = {};
  /** Epoch milliseconds: the time from which messages may be missing. */
  #since = 0;
  #recovered = 0;
  /** True after the first round. */
  #hasEnded = false;
  #onCaughtUp: (() => void) | undefined;

  constructor(channel: FollowedChannel) {
    this.#channel = channel;
  }

  get since(): number {
    return this.#since;
  }

  /** Notes that the log is read because messages may be missing since then. */
  begin(since: number): void {
    if (this.#recovered === 0) this.#since = since;
  }

  deliver(message: LoggedMessage): boolean {
    const run = this.#run;
    this.#channel.deliver(message);
    return run === this.#run;
  }

  /** Delivers a message that was read from the log. */
  recover(entry: LoggedMessage): boolean {
    this.#recovered++;
    return this.deliver(entry);
  }

  miss(missing: Missing): boolean {
    return missing === 0 || this.#isRunningAfter(() => this.#channel.onMissed(this.#since, missing));
  }

  fail(error: RecoveryError): boolean {
    return this.#isRunningAfter(() => this.#channel.onFailed(error)) && this.miss('unknown');
  }

  /** Calls back at the end of the reading. */
  whenCaughtUp(onCaughtUp: () => void): void {
    this.#onCaughtUp = onCaughtUp;
  }

  /** Reports the messages that were read from the log, except those before the subscription: they were not missed. */
  end(): void {
    const recovered = this.#hasEnded ? this.#recovered : 0;
    this.#hasEnded = true;
    this.#recovered = 0;
    if (recovered > 0 && !this.#isRunningAfter(() => this.#channel.onRecovered(recovered))) return;
    const onCaughtUp = this.#onCaughtUp;
    this.#onCaughtUp = undefined;
    onCaughtUp?.();
  }

  /** Calls back, once, when the consumers may have room again, unless the follower was stopped. */
  whenRoom(resume: () => void): void {
    const run = this.#run;
    this.#channel.whenRoom(() => {
      if (run === this.#run) resume();
    });
  }

  /** Returns the callback of a wait for the end of the reading, which the stop has cut short. */
  stop(): (() => void) | undefined {
    const onCaughtUp = this.#onCaughtUp;
    this.#onCaughtUp = undefined;
    if (onCaughtUp) this.miss('unknown');
    this.#run = {};
    this.#hasEnded = false;
    this.#recovered = 0;
    return onCaughtUp;
  }

  #isRunningAfter(call: () => void): boolean {
    const run = this.#run;
    call();
    return run === this.#run;
  }
}
