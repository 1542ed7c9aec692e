import { listOf, table } from '../../support/table.js';
import { RecoveryScene } from './recovery-scene.js';

/** Each row: a script that begins at the time 0, and the calls of the hub. */
function rules(text: string, options?: ConstructorParameters<typeof RecoveryScene>[0]): void {
  it.each(table<'script' | 'log'>(text))('$script → $log', async ({ script, log }) => {
    const scene = await new RecoveryScene(options).run(listOf(script));
    expect(scene.log.join(', ')).toBe(log);
  });
}

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

describe('Recovery', () => {
  describe('begins an outage of the live listeners, and restarts all names in one batch', () => {
    rules(`
      script                        | log
      recover a                     | outage 0 a, restart a, a told
      recover a b                   | outage 0 a b, restart a, restart b, a told, b told
      a is subscribing, recover a b | outage 0 b, restart a, restart b, a told, b told
      recover                       | outage 0
      recover all                   | commands restart, outage 0 a b p* s, restart a, restart b, restart p*, restart s, a told, b told, p* told, s told
      dropped a                     | outage 7 a, restart a, a told
      dropped a+b                   | outage 7 a b, restart a, restart b, a told, b told
      dropped patterns              | outage 7 p*, restart p*, p* told
      a is busy, dropped a          | outage 7 a, restart a, a told
      dropped x                     | outage 7
      short shard                   | outage 0 s, restart s, s told
      short channel                 | outage 0 a b, restart a, restart b, a told, b told
    `);
  });

  describe('has outages begin at the last sign of life', () => {
    rules(`
      script                                                                   | log
      heard 4, recover a                                                       | outage 4 a, restart a, a told
      heard 4, recover all                                                     | commands restart, outage 4 a b p* s, restart a, restart b, restart p*, restart s, a told, b told, p* told, s told
      time 3, reset empty, recover a                                           | outage 3 a, restart a, a told
      time 3, reset online, recover a                                          | outage 3 a, restart a, a told
      time 3, reset empty, heard 4, recover a                                  | outage 4 a, restart a, a told
      time 3, reset empty, heard 4, a is lost, verify a                        | outage 3 a, restart a, a told
      time 3, reset empty, heard 4, short shard                                | outage 3 s, restart s, s told
      time 5, inspect, time 8, says 2 1 1, recover a                           | ask, inspected, outage 5 a, restart a, a told
      time 5, inspect, time 8, says 2 1 1, short shard                         | ask, inspected, outage 5 s, restart s, s told
      operation begins, time 5, inspect, says 2 1 1, recover a                 | ask, inspected, outage 0 a, restart a, a told
      time 5, inspect, operation begins, operation ends, says 2 1 1, recover a | ask, inspected, outage 0 a, restart a, a told
    `);
  });

  describe('restarts a name that the client has lost, unless an operation is in flight', () => {
    rules(`
      script                                 | log
      verify a                               |
      a is lost, verify a                    | outage 0 a, restart a, a told
      a is lost, verify b                    |
      a is lost, a is busy, verify a         |
      verify x                               |
      unsubscribed a                         |
      a is lost, unsubscribed a              | outage 7 a, restart a, a told
      a is lost, a is busy, unsubscribed a   |
      a is lost, b is lost, unsubscribed a+b | outage 7 a b, restart a, restart b, a told, b told
      a is lost, unsubscribed b              |
      a is lost, unsubscribed channels       | outage 7 a, restart a, a told
      a is lost, unsubscribed patterns       |
      s is lost, unsubscribed shards         | outage 7 s, restart s, s told
    `);
  });

  describe('passes on what other code and Redis do', () => {
    rules(`
      script                 | log
      unsubscribing a        | doubt a
      unsubscribing a+b      | doubt a, doubt b
      unsubscribing x        |
      unsubscribing channels | doubt a, doubt b
      unsubscribing shards   | doubt s
      answered               | send more
      acknowledged           | note
    `);
  });
});

describe('Recovery.inspect()', () => {
  describe('compares the names with those of the client only if the client has too few', () => {
    rules(`
      script                                                | log
      a is lost, inspect                                    | ask
      a is lost, counts 1 1 1, inspect                      | outage 0 a, restart a, a told, ask
      a is lost, counts 3 1 1, inspect                      | ask
      counts 1 1 1, inspect                                 | ask
      p* is lost, counts 2 0 1, inspect                     | outage 0 p*, restart p*, p* told, ask
      s is lost, counts 2 1 0, inspect                      | outage 0 s, restart s, s told, ask
      a is lost, counts 2 0 1, inspect                      | ask
      time 3, reset empty, a is lost, counts 1 1 1, inspect | outage 3 a, restart a, a told, ask
    `);
  });

  describe('resolves when Redis has answered, or will not answer', () => {
    rules(`
      script                          | log
      inspect                         | ask
      inspect, says 2 1 1             | ask, inspected
      inspect, refused                | ask, inspected
      inspect, wait 1999              | ask
      inspect, wait 2000              | ask, inspected
      offline, inspect                | inspected
      inspect, says 2 0 1, says 2 0 1 | ask, ask, outage 0 p*, restart p*, p* told, ask, inspected
    `);
  });

  describe('resolves without a question if the client cannot ask', () => {
    rules(
      `
        script                           | log
        inspect                          | inspected
        a is lost, counts 1 1 1, inspect | outage 0 a, restart a, a told, inspected
        handoff                          |
      `,
      { canSend: false },
    );
  });

  it('leaves no timer behind', async () => {
    await new RecoveryScene().run(['inspect', 'says 2 1 1']);
    expect(jest.getTimerCount()).toBe(0);
  });

  describe('asks again after a refusal only on a new connection', () => {
    rules(`
      script                                  | log
      inspect, refused, inspect               | ask, inspected, inspected
      inspect, refused, reset empty, inspect  | ask, inspected, inspected
      inspect, refused, reset online, inspect | ask, inspected, ask
      inspect, refused, handoff               | ask, inspected, ask
    `);
  });
});

describe('Recovery: a new socket of the client', () => {
  describe('requires an answer, after the operations in flight', () => {
    rules(`
      script                                                                          | log
      quiet                                                                           |
      handoff                                                                         | ask
      handoff, says 2 1 1, quiet                                                      | ask
      handoff, operation begins, says 2 1 1                                           | ask
      handoff, operation begins, says 2 1 1, operation ends, quiet                    | ask, ask
      handoff, operation begins, says 2 1 1, operation ends, quiet, says 2 1 1, quiet | ask, ask
      handoff, operation begins, says 2 1 1, reset online, operation ends, quiet      | ask
    `);
  });
});

describe('Recovery.every()', () => {
  describe('compares all names at the interval', () => {
    rules(`
      script                                            | log
      wait 100                                          |
      every 0, wait 100                                 |
      every 1, wait 1                                   | check, ask
      every 10, wait 9                                  |
      every 10, wait 10                                 | check, ask
      every 10, wait 10, says 2 1 1, wait 10            | check, ask, check, ask
      every 10, wait 20                                 | check, ask, check
      every 10, wait 6, every 10, wait 4                | check, ask
      every 10, wait 6, every 8, wait 7                 |
      every 10, wait 6, every 8, wait 8                 | check, ask
      every 10, wait 6, every 0, wait 100               |
      every 10, every 0, every 10, wait 10              | check, ask
      every 10, a is lost, wait 10                      | check, outage 0 a, restart a, a told, ask
      every 10, p* is lost, s is lost, wait 10          | check, outage 0 p*, restart p*, p* told, outage 0 s, restart s, s told, ask
      time 3, reset empty, every 10, a is lost, wait 10 | check, outage 3 a, restart a, a told, ask
      every 10, offline, wait 10                        | check
      every 10, offline, a is lost, wait 10             | check, outage 0 a, restart a, a told
    `);
  });

  it('leaves no timer behind after 0', async () => {
    await new RecoveryScene().run(['every 10', 'every 0']);
    expect(jest.getTimerCount()).toBe(0);
  });
});
