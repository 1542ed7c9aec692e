import { hydrate, Receiver } from '../../lib/index.js';
import { MemoryPubSub } from '../../lib/testing/index.js';
import { countSteps } from '../support/count-steps.js';

const FEW = 100;
const MANY = 4 * FEW;

const namesOf = (count: number) => Array.from({ length: count }, (_, index) => `room:${index}`);

/** The ways in which many observers or names join on a connected client. */
const JOINS: Readonly<Record<string, (client: MemoryPubSub, names: readonly string[]) => unknown>> = {
  'observers of one Channel'(client, names) {
    const channel = new Receiver(client).channel('one');
    names.forEach(() => channel.subscribe());
  },
  'observers of one Channel that leave again'(client, names) {
    const channel = new Receiver(client).channel('one');
    const observers = names.map(() => channel.subscribe());
    for (const observer of observers) observer.unsubscribe();
  },
  'Receivers on one client and name'(client, names) {
    names.forEach(() => new Receiver(client).channel('one').subscribe());
  },
  async 'channel() and connect(), a room each'(client, names) {
    const receiver = new Receiver(client);
    for (const name of names) {
      receiver.channel(name);
      await receiver.connect();
    }
  },
  async 'one connect() of many rooms'(client, names) {
    const receiver = new Receiver(client);
    for (const name of names) receiver.channel(name);
    await receiver.connect();
  },
  async 'channel.events, a room each'(client, names) {
    const receiver = new Receiver(client);
    for (const name of names) receiver.channel(name).events.subscribe();
    await receiver.connect();
  },
  'hydrate(), a room each'(client, names) {
    const receiver = new Receiver(client);
    for (const name of names) hydrate(receiver.channel(name), () => [name]).subscribe();
  },
};

it.each(Object.entries(JOINS))(
  'takes about four times the steps for four times as many: %s',
  async (_, join) => {
    const stepsOf = (count: number) => {
      const client = new MemoryPubSub();
      const names = namesOf(count);
      return countSteps(() => join(client, names));
    };
    const few = await stepsOf(FEW);
    expect((await stepsOf(MANY)) / few).toBeLessThan(6);
  },
);
