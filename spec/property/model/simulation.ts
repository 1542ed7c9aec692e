import { config } from 'rxjs';
import type { ChannelKind } from '../../../lib/channel-kind.js';
import { watchOperations } from './operations.js';
import { ModelReceiver, type Notices, type Plan } from './model-receiver.js';
import { namesOf, type Fault, type FaultLevel, type RedisUnderTest } from './redis-under-test.js';
import { keyOf, SUBJECTS, TARGETS, type Subject, type Target } from './subjects.js';
import { until } from '../../support/until.js';

/** Some Receivers on one client, and what Redis has of them. */
export class Simulation implements Notices {
  readonly targets: Target[] = [];
  readonly receivers: readonly ModelReceiver[];
  published = 0;
  arrived = 0;

  readonly #redis: RedisUnderTest;
  readonly #listeners: string;
  readonly #complaints: string[] = [];
  readonly #publishing: Promise<unknown>[] = [];
  readonly #sentAt: number[] = [];
  readonly #takers = new Map<string, Set<ModelReceiver>>();
  readonly #faultLevel: FaultLevel;
  /** What other code has unsubscribed, by key. */
  readonly #unsubscribed = new Set<string>();
  /** Connections are being killed: nobody must hear anything yet. */
  #isStormy: boolean;

  constructor(redis: RedisUnderTest, plans: readonly Plan[], faultLevel: FaultLevel) {
    this.#redis = redis;
    this.#faultLevel = faultLevel;
    this.#isStormy = faultLevel !== 'calm';
    this.#listeners = redis.listeners();
    config.onUnhandledError = (error) => this.complain(`unhandled: ${String(error)}`);
    // Where answers are lost, an operation is done again before the last is answered.
    if (faultLevel !== 'wild' && faultLevel !== 'moving')
      watchOperations(redis.client, (what) => this.complain(what));
    this.receivers = plans.map((plan) => new ModelReceiver(redis, plan, this));
  }

  get isCalm(): boolean {
    return this.#faultLevel === 'calm';
  }

  sentAt(number: number): number {
    return this.#sentAt[number - 1]!;
  }

  get mayRefuse(): boolean {
    return this.#faultLevel === 'forbidding';
  }

  /** Where nothing else goes wrong, it is what other code has unsubscribed. */
  mayLack(subject: Subject): boolean {
    if (this.isCalm) return false;
    if (this.#faultLevel !== 'shared') return true;
    return this.#redis.isShared && this.#unsubscribed.has(keyOf(subject));
  }

  complain(what: string): void {
    this.#complaints.push(what);
  }

  onWanted(subject: Subject, receiver: ModelReceiver): void {
    const takers = this.#takers.get(keyOf(subject)) ?? new Set();
    this.#takers.set(keyOf(subject), takers.add(receiver));
    for (const other of this.receivers) if (other !== receiver) other.onWantedByOthers(subject);
  }

  isShared(subject: Subject, receiver: ModelReceiver): boolean {
    return [...(this.#takers.get(keyOf(subject)) ?? [])].some((other) => other !== receiver);
  }

  publish(target: Target): void {
    const number = this.targets.push(target);
    this.#sentAt.push(Date.now());
    for (const receiver of this.receivers) receiver.onPublish(number, target);
    const done = this.#redis.publish(target, String(number)).then(() => (this.published = number));
    this.#publishing.push(done);
  }

  /** Waits until all that was published has come, and looks who has heard it. */
  async sync(): Promise<void> {
    await this.#redis.mend();
    await Promise.all(this.#publishing.splice(0));
    const { published } = this;
    if (this.#isStormy) return;
    await this.#redis.fence();
    this.arrived = published;
    for (const receiver of this.receivers) receiver.check();
    this.judge();
  }

  /** Waits until Redis has what the parties want, and no more. */
  async settle(isPermitted = false): Promise<void> {
    await this.#redis.mend();
    let actual = '';
    const wanted = () =>
      SUBJECTS.filter((subject) => this.receivers.some((receiver) => receiver.wants(subject)));
    const deaf = () => wanted().filter((subject) => !this.#redis.isListening(subject));
    const isSettled = async () => {
      actual = await this.#subscriptions();
      return actual === summary(wanted()) && deaf().length === 0;
    };
    // What was refused is not asked for again by itself, as long as only the Receiver wants it.
    if (!this.mayRefuse || isPermitted)
      await until(isSettled).catch(() =>
        this.complain(`Redis has ${actual}, not ${summary(wanted())}; deaf: ${deaf().map(keyOf).join()}`),
      );
    this.judge();
  }

  async suffer(fault: Fault): Promise<void> {
    if (fault.do === 'unsubscribe')
      for (const subject of SUBJECTS)
        if (
          subject.kind === fault.subject.kind &&
          (fault.how === 'all' || subject.name === fault.subject.name)
        )
          this.#unsubscribed.add(keyOf(subject));
    await this.#redis.suffer(fault);
  }

  /** The dust settles; whoever observes then hears everything. */
  async calm(): Promise<void> {
    await this.sync();
    await until(() => this.#redis.client.isReady !== false);
    if (this.mayRefuse) for (const receiver of this.receivers) receiver.askAgain();
    await this.settle(true);
    for (const receiver of this.receivers) receiver.confirm();
    await until(() => this.receivers.every((receiver) => receiver.isServed())).catch(() =>
      this.complain('not served'),
    );
    await this.#redis.fence();
    this.judge();
    this.#isStormy = false;
    for (let round = 0; round < 2; round++) {
      for (const target of TARGETS) this.publish(target);
      await this.sync();
    }
  }

  async end(ways: readonly ('stop' | 'drain')[]): Promise<void> {
    await Promise.all(this.receivers.map((receiver, index) => receiver.end(ways[index]!)));
    const listeners = this.#redis.listeners();
    if (listeners !== this.#listeners)
      this.complain(`the client's listeners: ${this.#listeners} became ${listeners}`);
    const remains = this.#redis.remains();
    if (remains.length > 0) this.complain(`left in the client: ${remains.join()}`);
    const left = await this.#subscriptions();
    if (left !== summary([])) this.complain(`left in Redis: ${left}`);
    await this.sync();
    for (const receiver of this.receivers) receiver.inspectRemains();
    this.judge();
  }

  judge(): void {
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

/** What Redis says when it has these. */
function summary(subjects: readonly Subject[]): string {
  const count = (kind: ChannelKind) => {
    const isThere = (name: string) =>
      subjects.some((subject) => subject.kind === kind && subject.name === name);
    return Object.fromEntries(namesOf(kind).map((name) => [name, isThere(name) ? 1 : 0]));
  };
  const patterns = subjects.filter(({ kind }) => kind === 'pattern').length;
  return JSON.stringify({ channels: count('channel'), patterns, shards: count('shard') });
}
