import { config } from 'rxjs';
import { transition } from '../../../lib/outbox.js';
import { listOf, table } from '../../support/table.js';
import { OutagesScene } from './outages-scene.js';

/** Each row: a script at the time 9, what it causes, and the outage that then runs. */
function rules(text: string): void {
  it.each(table<'script' | 'log' | 'state'>(text))('$script → $log', ({ script, log, state }) => {
    const scene = new OutagesScene().run(listOf(script));
    expect(scene.log.join(', ')).toBe(log);
    expect(scene.state).toBe(state);
  });
}

beforeEach(() => jest.useFakeTimers());
afterEach(() => {
  jest.useRealTimers();
  config.onUnhandledError = null;
});

describe('Outages', () => {
  describe('begin with the first affected listener, and grow', () => {
    rules(`
      script               | log        | state
                           |            |
      begin 5              |            |
      begin 5 a            | hold       | 5 a
      begin 5 a b          | hold       | 5 a b
      begin 5 a, begin 7 b | hold, hold | 5 a b
      begin 5 a, begin 3 b | hold, hold | 3 a b
      begin 5 a, begin 3   | hold       | 3 a
      begin 5 a, begin 7   | hold       | 5 a
      begin 5 a, widen 3   | hold       | 3 a
      begin 5 a, widen 7   | hold       | 5 a
      widen 3              |            |
      widen 3, begin 5 a   | hold       | 5 a
      offline, begin 5 a   | hold       | 5 a
    `);
  });

  describe('end when each affected listener is served or has left: watchers are told, and held messages follow', () => {
    rules(`
      script                                     | log                                     | state
      begin 5 a, a served                        | hold, x 5-9 a, y 5-9 a, release 0       |
      begin 5 a, a gone                          | hold, release 0                         |
      begin 5 a, 3 waiting, a served             | hold, x 5-9 a, y 5-9 a, release 3       |
      begin 5 a, 3 waiting, a gone               | hold, release 3                         |
      begin 5 a b, a served                      | hold                                    | 5 a b
      begin 5 a b, a gone                        | hold                                    | 5 b
      begin 5 a b, a served, b served            | hold, x 5-9 a b, y 5-9 a b, release 0   |
      begin 5 a b, a served, b gone              | hold, x 5-9 a, y 5-9 a, release 0       |
      begin 5 a b, a gone, b served              | hold, x 5-9 b, y 5-9 b, release 0       |
      begin 5 a b, a served, a gone, b served    | hold, x 5-9 b, y 5-9 b, release 0       |
      begin 5 a b, a served, begin 7 a, b served | hold, hold                              | 5 a b
      begin 5 a, widen 3, a served               | hold, x 3-9 a, y 3-9 a, release 0       |
      begin 5 a, time 12, a served               | hold, x 5-12 a, y 5-12 a, release 0     |
      begin 5 a, c served, c gone                | hold                                    | 5 a
      a served, a gone, check                    |                                         |
      begin 5 a, a served, a served, check       | hold, x 5-9 a, y 5-9 a, release 0       |
      begin 5 a, check                           | hold                                    | 5 a
      begin 5 a, a served, begin 9 a             | hold, x 5-9 a, y 5-9 a, release 0, hold | 9 a
    `);
  });

  describe('end for several listeners that leave together without a report of those', () => {
    rules(`
      script                           | log                               | state
      begin 5 a b, leave a             | hold                              | 5 b
      begin 5 a b, leave a b           | hold, release 0                   |
      begin 5 a b, b served, leave a b | hold, release 0                   |
      begin 5 a b, b served, leave a   | hold, x 5-9 b, y 5-9 b, release 0 |
      leave a                          |                                   |
    `);
  });

  describe('do not end while the client is offline', () => {
    rules(`
      script                                      | log                               | state
      begin 5 a, offline, a served                | hold                              | 5 a
      begin 5 a, offline, a gone                  | hold                              | 5
      begin 5 a, offline, leave a                 | hold                              | 5
      begin 5 a, offline, a served, check         | hold                              | 5 a
      begin 5 a, offline, a served, online, check | hold, x 5-9 a, y 5-9 a, release 0 |
      begin 5 a, offline, a gone, online, check   | hold, release 0                   |
    `);
  });

  describe('do not end before all subscriptions are brought back', () => {
    rules(`
      script                                                | log                                         | state
      begin 5 a, resume a served                            | hold, x 5-9 a, y 5-9 a, release 0           |
      begin 5 a, resume a served and look                   | hold, now 5 a, x 5-9 a, y 5-9 a, release 0  |
      begin 5 a, resume a served and begin 7 b              | hold, hold                                  | 5 a b
      begin 5 a, resume a served and begin 7 b and b served | hold, hold, x 5-9 a b, y 5-9 a b, release 0 |
      begin 5 a, resume look                                | hold, now 5 a                               | 5 a
      begin 5 a, resume look, a served                      | hold, now 5 a, x 5-9 a, y 5-9 a, release 0  |
      begin 5 a, offline, resume a served                   | hold                                        | 5 a
    `);
  });

  describe('are split when messages cannot wait any longer: the rest is an outage from now on', () => {
    rules(`
      script                              | log                                                              | state
      split                               |                                                                  |
      begin 5 a, split                    | hold, x 5-9 a, y 5-9 a, release 0                                | 9 a
      begin 5 a, 3 waiting, split         | hold, x 5-9 a, y 5-9 a, release 3                                | 9 a
      begin 5 a b, a served, split        | hold, x 5-9 a b, y 5-9 a b, release 0                            | 9 b
      begin 5 a b, a gone, split          | hold, x 5-9 b, y 5-9 b, release 0                                | 9 b
      begin 5 a, offline, a served, split | hold, x 5-9 a, y 5-9 a, release 0                                |
      begin 5 a, offline, a gone, split   | hold, release 0                                                  |
      begin 5 a, split, time 12, a served | hold, x 5-9 a, y 5-9 a, release 0, x 9-12 a, y 9-12 a, release 0 |
    `);
  });

  describe('end with the client, and are announced only if messages are held', () => {
    rules(`
      script                                             | log                               | state
      client ends                                        | release 0                         |
      begin 5 a, client ends                             | hold, release 0                   |
      begin 5 a, 1 waiting, client ends                  | hold, x 5-9 a, y 5-9 a, release 1 |
      3 waiting, client ends                             |                                   |
      begin 5 a, offline, a gone, 3 waiting, client ends | hold, release 3                   |
      begin 5 a, client ends, a served                   | hold, release 0                   |
    `);
  });

  describe('are over, or split, when a watcher is told and when messages are released', () => {
    rules(`
      script                                                 | log                                         | state
      when told do look, begin 5 a, a served                 | hold, x 5-9 a, now none, y 5-9 a, release 0 |
      when told do look, begin 5 a, split                    | hold, x 5-9 a, now 9 a, y 5-9 a, release 0  | 9 a
      when told do look, begin 5 a, 3 waiting, client ends   | hold, x 5-9 a, now none, y 5-9 a, release 3 |
      when told do 4 waiting, begin 5 a, 3 waiting, a served | hold, x 5-9 a, y 5-9 a, release 3           |
      when released do look, begin 5 a, a served             | hold, x 5-9 a, y 5-9 a, release 0, now none |
      when released do look, begin 5 a, split                | hold, x 5-9 a, y 5-9 a, release 0, now 9 a  | 9 a
      when released do look, begin 5 a, client ends          | hold, release 0, now none                   |
      when told do begin 9 a, begin 5 a, a served            | hold, x 5-9 a, hold, y 5-9 a, release 0     | 9 a
    `);
  });
});

describe('Outages: a watcher that splits an outage inside the report of the one before', () => {
  it('does not keep the others from the right order', () => {
    const { log } = new OutagesScene().run(['when told do split', 'begin 5 a', 'split']);
    const others = log.filter((entry) => !entry.startsWith('x'));
    expect(others.slice(0, 2)).toEqual(['hold', 'y 5-9 a']);
  });
});

describe('Outages: a transition', () => {
  it.each(
    table<'before' | 'step' | 'log' | 'state'>(`
      before               | step            | log                         | state
      begin 5 a            | a served        | x 5-9 a, y 5-9 a, release 0 |
      begin 5 a            | leave a         | release 0                   |
      begin 5 a            | resume a served | x 5-9 a, y 5-9 a, release 0 |
      begin 5 a            | split           | x 5-9 a, y 5-9 a, release 0 | 9 a
      begin 5 a, 3 waiting | client ends     | x 5-9 a, y 5-9 a, release 3 |
    `),
  )('ends before the calls of "$step"', ({ before, step, log, state }) => {
    const scene = new OutagesScene().run(listOf(before));
    scene.log.length = 0;
    transition(() => {
      scene.run([step]);
      expect(scene.log).toEqual([]);
      expect(scene.state).toBe(state);
    });
    expect(scene.log.join(', ')).toBe(log);
  });

  it.each([
    { call: 'split', work: ({ outages }: OutagesScene) => outages.split() },
    { call: 'resume', work: (scene: OutagesScene) => scene.outages.resume(() => scene.run(['a served'])) },
  ])('of $call() itself lets its calls reach everybody, also if a watcher throws', ({ work }) => {
    const scene = new OutagesScene().run(['begin 5 a', 'when told do throw']);
    config.onUnhandledError = (error) => void scene.log.push(`reported ${(error as Error).message}`);
    work(scene);
    jest.advanceTimersByTime(1_000);
    expect(scene.log.join(', ')).toBe('hold, x 5-9 a, y 5-9 a, release 0, reported oh');
  });

  it('of resume() is over for an outage that begins and ends inside its calls', () => {
    const scene = new OutagesScene().run(['begin 5 a', 'when told do begin 9 b', 'when told do b served']);
    scene.outages.resume(() => scene.run(['a served']));
    expect(scene.log.join(', ')).toContain('x 9-9 b, y 9-9 b');
  });
});
