import type { createClient } from 'redis';
import { config } from 'rxjs';
import { watchOperations } from './model-operations.js';
import { Party, type Notices, type Plan } from './model-party.js';
import { keyOf, SUBJECTS, TARGETS, type Subject, type Target } from './model-subjects.js';
import { until } from './until.js';

type Client = ReturnType<typeof createClient>;

/** Some Receivers on one client, and another client that publishes and looks at what Redis has. */
export class World implements Notices {
  readonly targets: Target[] = [];
  readonly parties: readonly Party[];
  published = 0;
  arrived = 0;

  readonly #client: Client;
  readonly #control: Client;
  readonly #listeners: string;
  readonly #complaints: string[] = [];
  readonly #publishing: Promise<unknown>[] = [];
  readonly #takers = new Map<string, Set<Party>>();
  /** Connections are being killed: nobody must hear anything. */
  #isStormy: boolean;

  constructor(client: Client, control: Client, plans: readonly Plan[], weather: 'calm' | 'stormy') {
    this.#client = client;
    this.#control = control;
    this.#isStormy = weather === 'stormy';
    this.#listeners = listenersOf(client);
    config.onUnhandledError = (error) => this.complain(`unhandled: ${String(error)}`);
    watchOperations(client, (what) => this.complain(what));
    this.parties = plans.map((plan) => new Party(client, plan, this));
  }

  complain(what: string): void {
    this.#complaints.push(what);
  }

  onWanted(subject: Subject, party: Party): void {
    const takers = this.#takers.get(keyOf(subject)) ?? new Set();
    this.#takers.set(keyOf(subject), takers.add(party));
    for (const other of this.parties) if (other !== party) other.onWantedByOthers(subject);
  }

  isShared(subject: Subject, party: Party): boolean {
    return [...(this.#takers.get(keyOf(subject)) ?? [])].some((other) => other !== party);
  }

  publish(target: Target): void {
    const number = this.targets.push(target);
    if (!this.#isStormy) for (const party of this.parties) party.onPublish(number, target);
    const publish = target.kind === 'shard' ? this.#control.sPublish : this.#control.publish;
    const done = publish
      .call(this.#control, target.name, String(number))
      .then(() => (this.published = number));
    this.#publishing.push(done);
  }

  /** Waits until all that was published has come, and looks who has heard it. */
  async sync(): Promise<void> {
    await Promise.all(this.#publishing.splice(0));
    const { published } = this;
    if (this.#isStormy) return;
    await this.#client.ping();
    this.arrived = published;
    for (const party of this.parties) party.check();
    this.judge();
  }

  /** Waits until Redis has what the parties want, and no more. */
  async settle(): Promise<void> {
    let actual = '';
    const wanted = () => SUBJECTS.filter((subject) => this.parties.some((party) => party.wants(subject)));
    const isSettled = async () => {
      actual = await this.#subscriptions();
      return actual === summary(wanted());
    };
    await until(isSettled).catch(() => this.complain(`Redis has ${actual}, and not ${summary(wanted())}`));
    this.judge();
  }

  /** Ends one connection or the other, and not that which asks for it. */
  async kill(): Promise<void> {
    await this.#control.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']);
    await this.#control.sendCommand(['CLIENT', 'KILL', 'TYPE', 'normal']);
  }

  /** The dust settles; whoever observes then hears everything. */
  async calm(): Promise<void> {
    await this.sync();
    await until(() => this.#client.isReady);
    await this.settle();
    for (const party of this.parties) party.confirm();
    await until(() => this.parties.every((party) => party.isServed())).catch(() =>
      this.complain('not served'),
    );
    this.judge();
    this.#isStormy = false;
    for (let round = 0; round < 2; round++) {
      for (const target of TARGETS) this.publish(target);
      await this.sync();
    }
  }

  async end(ways: readonly ('stop' | 'drain')[]): Promise<void> {
    await Promise.all(this.parties.map((party, index) => party.end(ways[index]!)));
    const listeners = listenersOf(this.#client);
    if (listeners !== this.#listeners)
      this.complain(`the client's listeners: ${this.#listeners} became ${listeners}`);
    for (const type of ['CHANNELS', 'PATTERNS', 'SHARDED'] as const) {
      const names = [...this.#client.getPubSubListeners(type).keys()];
      if (names.length > 0) this.complain(`${type} left in the client: ${names.join()}`);
    }
    const left = await this.#subscriptions();
    if (left !== summary([])) this.complain(`left in Redis: ${left}`);
    await this.sync();
    for (const party of this.parties) party.inspectRemains();
    this.judge();
  }

  judge(): void {
    if (this.#complaints.length > 0) throw new Error(this.#complaints.join('\n'));
  }

  async #subscriptions(): Promise<string> {
    const names = (kind: string) =>
      SUBJECTS.filter((subject) => subject.kind === kind).map(({ name }) => name);
    const [channels, patterns, shards] = await Promise.all([
      this.#control.pubSubNumSub(names('channel')),
      this.#control.pubSubNumPat(),
      this.#control.pubSubShardNumSub(names('shard')),
    ]);
    return JSON.stringify({ channels, patterns, shards });
  }
}

function listenersOf(client: Client): string {
  const count = (event: string | symbol): string => `${String(event)}: ${client.listenerCount(event)}`;
  return client.eventNames().map(count).join(', ');
}

/** What Redis says when it has these. */
function summary(subjects: readonly Subject[]): string {
  const count = (kind: string) => {
    const ofKind = SUBJECTS.filter((subject) => subject.kind === kind);
    return Object.fromEntries(ofKind.map((subject) => [subject.name, subjects.includes(subject) ? 1 : 0]));
  };
  const patterns = subjects.filter(({ kind }) => kind === 'pattern').length;
  return JSON.stringify({ channels: count('channel'), patterns, shards: count('shard') });
}
