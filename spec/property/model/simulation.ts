import { config } from 'rxjs';
import type { SubscriptionKind } from '../../../lib/channel-kind.js';
import { watchOperations } from './operations.js';
import { ModelReceiver, type SimulationState, type Plan } from './model-receiver.js';
import { namesOf, type Fault, type FaultLevel, type RedisUnderTest } from './redis-under-test.js';
import { keyOf, SUBJECTS, TARGETS, type Subject, type Target } from './subjects.js';
import { until } from '../../support/until.js';

/** Several Receivers on one client, and the subscriptions that Redis has for them. */
export class Simulation implements SimulationState {
  readonly targets: Target[] = [];
  readonly receivers: readonly ModelReceiver[];
  published = 0;
  arrived = 0;

  readonly #redis: RedisUnderTest;
  readonly #listeners: string;
  readonly #complaints: string[] = [];
  readonly #publishing: Promise<unknown>[] = [];
  readonly #sentAt: number[] = [];
  readonly #faultLevel: FaultLevel;
  /** The keys that other code has unsubscribed. */
  readonly #unsubscribed = new Set<string>();
  /** True while faults are injected: messages may be lost, and `sync` does not check that they have arrived. */
  #mayLoseMessages: boolean;

  constructor(redis: RedisUnderTest, plans: readonly Plan[], faultLevel: FaultLevel) {
    this.#redis = redis;
    this.#faultLevel = faultLevel;
    this.#mayLoseMessages = faultLevel !== 'none';
    this.#listeners = redis.listeners();
    config.onUnhandledError = (error) => this.complain(`unhandled: ${String(error)}`);
    // Where replies are lost, the hub repeats an operation before the last one is answered.
    if (faultLevel !== 'network' && faultLevel !== 'moves')
      watchOperations(redis.client, (what) => this.complain(what));
    this.receivers = plans.map((plan) => new ModelReceiver(redis, plan, this));
  }

  get hasNoFaults(): boolean {
    return this.#faultLevel === 'none';
  }

  sentAt(number: number): number {
    return this.#sentAt[number - 1]!;
  }

  get mayRefuse(): boolean {
    return this.#faultLevel === 'refusals';
  }

  /** With the level `'unsubscribes'`, only messages of the names that other code has unsubscribed may be missing. */
  mayLack(subject: Subject): boolean {
    if (this.hasNoFaults) return false;
    if (this.#faultLevel !== 'unsubscribes') return true;
    return this.#redis.isShared && this.#unsubscribed.has(keyOf(subject));
  }

  complain(what: string): void {
    this.#complaints.push(what);
  }

  onWanted(subject: Subject, receiver: ModelReceiver): void {
    for (const other of this.receivers) if (other !== receiver) other.onWantedByOthers(subject);
  }

  publish(target: Target): void {
    const number = this.targets.push(target);
    this.#sentAt.push(Date.now());
    for (const receiver of this.receivers) receiver.onPublish(number, target);
    const done = this.#redis.publish(target, String(number)).then(() => (this.published = number));
    this.#publishing.push(done);
  }

  /** Waits until all published messages have arrived, and checks the deliveries. */
  async sync(): Promise<void> {
    await this.#redis.removeFaults();
    await Promise.all(this.#publishing.splice(0));
    const { published } = this;
    if (this.#mayLoseMessages) return;
    await this.#redis.fence();
    this.arrived = published;
    for (const receiver of this.receivers) receiver.check();
    this.throwComplaints();
  }

  /** Waits until Redis has exactly the subscriptions that the Receivers want. */
  async settle(isPermitted = false): Promise<void> {
    await this.#redis.removeFaults();
    let actual = '';
    const wanted = () =>
      SUBJECTS.filter((subject) => this.receivers.some((receiver) => receiver.wants(subject)));
    const unheard = () => wanted().filter((subject) => !this.#redis.isListening(subject));
    const isSettled = async () => {
      actual = await this.#subscriptions();
      return actual === summary(wanted()) && unheard().length === 0;
    };
    // Refused subscriptions that only the Receiver wants are not repeated until `finish`.
    if (!this.mayRefuse || isPermitted)
      await until(isSettled).catch(() =>
        this.complain(
          `Redis has ${actual}, not ${summary(wanted())}; without listener: ${unheard().map(keyOf).join()}`,
        ),
      );
    this.throwComplaints();
  }

  async applyFault(fault: Fault): Promise<void> {
    if (fault.do === 'unsubscribe')
      for (const subject of SUBJECTS)
        if (
          subject.kind === fault.subject.kind &&
          (fault.how === 'all' || subject.name === fault.subject.name)
        )
          this.#unsubscribed.add(keyOf(subject));
    await this.#redis.applyFault(fault);
  }

  /** Ends all faults, waits for the recovery, and checks that the observers receive every message from then on. */
  async finish(): Promise<void> {
    await this.sync();
    await until(() => this.#redis.client.isReady !== false);
    if (this.mayRefuse) for (const receiver of this.receivers) receiver.retryRefused();
    await this.settle(true);
    for (const receiver of this.receivers) receiver.confirm();
    await until(() => this.receivers.every((receiver) => receiver.isServed())).catch(() =>
      this.complain('not every wanted subscription is acknowledged'),
    );
    await this.#redis.fence();
    this.throwComplaints();
    this.#mayLoseMessages = false;
    for (let round = 0; round < 2; round++) {
      for (const target of TARGETS) this.publish(target);
      await this.sync();
    }
  }

  async end(endings: readonly ('stop' | 'drain')[]): Promise<void> {
    await Promise.all(this.receivers.map((receiver, index) => receiver.end(endings[index]!)));
    const listeners = this.#redis.listeners();
    if (listeners !== this.#listeners)
      this.complain(`the client's listeners: ${this.#listeners} became ${listeners}`);
    const remaining = this.#redis.remainingSubscriptions();
    if (remaining.length > 0) this.complain(`left in the client: ${remaining.join()}`);
    const left = await this.#subscriptions();
    if (left !== summary([])) this.complain(`left in Redis: ${left}`);
    await this.sync();
    for (const receiver of this.receivers) receiver.checkEnd();
    this.throwComplaints();
  }

  throwComplaints(): void {
    if (this.#complaints.length > 0) throw new Error(this.#complaints.join('\n'));
  }

  connectionOf(key: string): string {
    return this.#redis.connectionOf(key);
  }

  async #subscriptions(): Promise<string> {
    const { channels, patterns, shards } = await this.#redis.counts();
    return JSON.stringify({ channels, patterns, shards });
  }
}

/** Returns the counts of Redis for exactly these subscriptions. */
function summary(subjects: readonly Subject[]): string {
  const count = (kind: SubscriptionKind) => {
    const isThere = (name: string) =>
      subjects.some((subject) => subject.kind === kind && subject.name === name);
    return Object.fromEntries(namesOf(kind).map((name) => [name, isThere(name) ? 1 : 0]));
  };
  const patterns = subjects.filter(({ kind }) => kind === 'pattern').length;
  return JSON.stringify({ channels: count('channel'), patterns, shards: count('shard') });
}
