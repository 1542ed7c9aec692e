import { config } from 'rxjs';
import type { ChannelKind } from '../../lib/channel/message.js';
import { watchOperations } from './model-operations.js';
import { Party, type Notices, type Plan } from './model-party.js';
import { namesOf, type Fault, type Site } from './model-site.js';
import type { Weather } from './model-steps.js';
import { keyOf, SUBJECTS, TARGETS, type Subject, type Target } from './model-subjects.js';
import { until } from './until.js';

/** Some Receivers on one client, and what Redis has of them. */
export class World implements Notices {
  readonly targets: Target[] = [];
  readonly parties: readonly Party[];
  published = 0;
  arrived = 0;

  readonly #site: Site;
  readonly #listeners: string;
  readonly #complaints: string[] = [];
  readonly #publishing: Promise<unknown>[] = [];
  readonly #takers = new Map<string, Set<Party>>();
  /** Connections are being killed: nobody must hear anything. */
  #isStormy: boolean;

  constructor(site: Site, plans: readonly Plan[], weather: Weather) {
    this.#site = site;
    this.#isStormy = weather !== 'calm';
    this.#listeners = site.listeners();
    config.onUnhandledError = (error) => this.complain(`unhandled: ${String(error)}`);
    watchOperations(site.client, (what) => this.complain(what));
    this.parties = plans.map((plan) => new Party(site.client, plan, this));
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
    const done = this.#site.publish(target, String(number)).then(() => (this.published = number));
    this.#publishing.push(done);
  }

  /** Waits until all that was published has come, and looks who has heard it. */
  async sync(): Promise<void> {
    this.#site.mend();
    await Promise.all(this.#publishing.splice(0));
    const { published } = this;
    if (this.#isStormy) return;
    await this.#site.fence();
    this.arrived = published;
    for (const party of this.parties) party.check();
    this.judge();
  }

  /** Waits until Redis has what the parties want, and no more. */
  async settle(): Promise<void> {
    this.#site.mend();
    let actual = '';
    const wanted = () => SUBJECTS.filter((subject) => this.parties.some((party) => party.wants(subject)));
    const isSettled = async () => {
      actual = await this.#subscriptions();
      return actual === summary(wanted());
    };
    await until(isSettled).catch(() => this.complain(`Redis has ${actual}, and not ${summary(wanted())}`));
    this.judge();
  }

  async suffer(fault: Fault): Promise<void> {
    await this.#site.suffer(fault);
  }

  /** The dust settles; whoever observes then hears everything. */
  async calm(): Promise<void> {
    await this.sync();
    await until(() => this.#site.client.isReady !== false);
    await this.settle();
    for (const party of this.parties) party.confirm();
    await until(() => this.parties.every((party) => party.isServed())).catch(() =>
      this.complain('not served'),
    );
    await this.#site.fence();
    this.judge();
    this.#isStormy = false;
    for (let round = 0; round < 2; round++) {
      for (const target of TARGETS) this.publish(target);
      await this.sync();
    }
  }

  async end(ways: readonly ('stop' | 'drain')[]): Promise<void> {
    await Promise.all(this.parties.map((party, index) => party.end(ways[index]!)));
    const listeners = this.#site.listeners();
    if (listeners !== this.#listeners)
      this.complain(`the client's listeners: ${this.#listeners} became ${listeners}`);
    const remains = this.#site.remains();
    if (remains.length > 0) this.complain(`left in the client: ${remains.join()}`);
    const left = await this.#subscriptions();
    if (left !== summary([])) this.complain(`left in Redis: ${left}`);
    await this.sync();
    for (const party of this.parties) party.inspectRemains();
    this.judge();
  }

  judge(): void {
    if (this.#complaints.length > 0) throw new Error(this.#complaints.join('\n'));
  }

  connectionOf(key: string): string {
    return this.#site.connectionOf(key);
  }

  async #subscriptions(): Promise<string> {
    const { channels, patterns, shards } = await this.#site.counts();
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
