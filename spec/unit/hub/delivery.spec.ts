import { config } from 'rxjs';
import { listOf, table } from '../../support/table.js';
import { DeliveryScene } from './delivery-scene.js';

/** The limits of the messages that wait for the gap of an outage. */
const MOST_HELD = 16_384;
const MOST_BYTES_HELD = 16 * 1024 * 1024;

/** Each row: a script, what it has delivered, and what waits at its end. */
function rules(text: string): void {
  it.each(table<'script' | 'log' | 'state'>(text))('$script → $log', ({ script, log, state }) => {
    const scene = new DeliveryScene().run(listOf(script));
    expect(scene.log.join(' ')).toBe(log);
    expect(scene.state).toBe(state);
  });
}

beforeEach(() => jest.useFakeTimers());
afterEach(() => {
  jest.useRealTimers();
  config.onUnhandledError = null;
});

describe('Delivery', () => {
  describe('delivers a message at once', () => {
    rules(`
      script                        | log     | state
      a 1                           | a:1     | 0 waiting
      a 1, b 2                      | a:1 b:2 | 0 waiting
      a takes fast path, a 1        | a>1     | 0 waiting
      a 1 buffer                    | a:1     | 0 waiting
      a takes fast path, a 1 buffer | a:1     | 0 waiting
      a ignores it, a 1             |         | 0 waiting
    `);
  });

  describe('delivers a message that arrives during a delivery after it', () => {
    rules(`
      script                                                        | log                                 | state
      when a:1 do a 2, a 1                                          | a:1 a:2                             | 0 waiting
      when a:1 do look, a 1, look                                   | a:1 delivering, 0 waiting 0 waiting | 0 waiting
      when a:1 do b 2, when a:1 do look, a 1                        | a:1 delivering, 1 waiting b:2       | 0 waiting
      when a:1 do a 2, when a:1 do a 3, a 1                         | a:1 a:2 a:3                         | 0 waiting
      when a:1 do a 2, when a:1 do a 4, when a:2 do a 5, a 1, a 6   | a:1 a:2 a:4 a:5 a:6                 | 0 waiting
      b takes fast path, when a:1 do b 2, a 1, b 3                  | a:1 b:2 b>3                         | 0 waiting
      a takes fast path, when a>1 do b 2, a 1                       | a>1 b:2                             | 0 waiting
      a takes fast path, when a>1 do a 2, a 1                       | a>1 a>2                             | 0 waiting
      when a:1 do a ignores it, when a:1 do a 2, a 1                | a:1                                 | 0 waiting
      when a:1 do a 2, when a:1 do a ignores it, a 1                | a:1 a:2                             | 0 waiting
      when a:1 do release 0, when a:1 do a 2, when a:1 do look, a 1 | a:1 delivering, 1 waiting a:2       | 0 waiting
      when a:1 do a 2, when a:1 do release 1, when a:1 do look, a 1 | a:1 delivering, 1 waiting a:2       | 0 waiting
    `);
  });

  describe('holds messages during an outage until it is released', () => {
    rules(`
      script                                                            | log         | state
      an outage begins, a 1, b 2                                        |             | 2 waiting
      an outage begins, a takes fast path, a 1                          |             | 1 waiting
      an outage begins, a ignores it, a 1                               |             | 0 waiting
      an outage begins, a 1, it ends, release 1                         | a:1         | 0 waiting
      an outage begins, a 1, it ends, release 0                         | a:1         | 0 waiting
      an outage begins, a 1, it ends, a 2, release 1, a 3               | a:1 a:2 a:3 | 0 waiting
      an outage begins, it ends, a 1                                    |             | 1 waiting
      an outage begins, it ends, release 0, a 1                         | a:1         | 0 waiting
      an outage begins, a takes fast path, a 1, it ends, release 1, a 2 | a:1 a>2     | 0 waiting
      an outage begins, a 1, a 2, a 3, release 2                        | a:1 a:2     | 1 waiting
      an outage begins, a 1, a 2, release 2, a 3                        | a:1 a:2     | 1 waiting
      an outage begins, a 1, release 5                                  | a:1         | 0 waiting
      an outage begins, a 1, release 0                                  |             | 1 waiting
      an outage begins, a 1, release 1, it ends, release 0, a 2         | a:1 a:2     | 0 waiting
      an outage begins, a 1, a ignores it, it ends, release 1           | a:1         | 0 waiting
    `);
  });

  describe('begins to hold, or goes on holding, inside a delivery', () => {
    rules(`
      script                                                                       | log                       | state
      when a:1 do an outage begins, a 1, a 2                                       | a:1                       | 1 waiting
      when a:1 do an outage begins, when a:1 do a 2, a 1                           | a:1                       | 1 waiting
      when a:1 do an outage begins, a 1, it ends, release 0, a 2                   | a:1 a:2                   | 0 waiting
      when a:1 do an outage begins, when a:1 do look, a 1                          | a:1 delivering, 0 waiting | 0 waiting
      an outage begins, a 1, a 2, it ends, when a:1 do an outage begins, release 2 | a:1 a:2                   | 0 waiting
      an outage begins, a 1, a 2, it ends, when a:1 do an outage begins, release 1 | a:1                       | 1 waiting
      an outage begins, a 1, a 2, it ends, when a:1 do an outage begins, release 0 | a:1                       | 1 waiting
      an outage begins, a 1, a 2, it ends, when a:1 do a 3, release 2              | a:1 a:2 a:3               | 0 waiting
      an outage begins, a 1, a 2, when a:1 do a 3, release 2                       | a:1 a:2                   | 1 waiting
      an outage begins, a 1, a 2, it ends, when a:1 do release 2, release 2        | a:1 a:2                   | 0 waiting
    `);
  });

  describe('takes the first message of a subscription as its acknowledgement, before it delivers or holds it', () => {
    rules(`
      script                                     | log               | state
      a is new, a 1, a 2                         | a! a told a:1 a:2 | 0 waiting
      a is new, a 1 buffer                       | a! a told a:1     | 0 waiting
      a is new, a ignores it, a 1                |                   | 0 waiting
      an outage begins, a is new, a 1            | a! a told         | 1 waiting
      a is new, when a! do b 2, a 1              | a! b:2 a told a:1 | 0 waiting
      a is new, when a! do an outage begins, a 1 | a! a told         | 1 waiting
    `);
  });

  describe('reports an error that a listener throws, and goes on', () => {
    rules(`
      script                                                                         | log                 | state
      when a:1 do throw, a 1, a 2, time passes                                       | a:1 a:2 reported oh | 0 waiting
      a takes fast path, when a>1 do throw, a 1, a 2, time passes                    | a>1 a>2 reported oh | 0 waiting
      when a:1 do a 2, when a:1 do throw, a 1, time passes                           | a:1 a:2 reported oh | 0 waiting
      an outage begins, a 1, a 2, it ends, when a:1 do throw, release 2, time passes | a:1 a:2 reported oh | 0 waiting
    `);
  });

  describe('hands on all arguments, at once and later', () => {
    const BYTES = Buffer.from('1');
    const NAME = Buffer.from('news');

    it.each([{ isHeld: false }, { isHeld: true }])('held: $isHeld', ({ isHeld }) => {
      const scene = new DeliveryScene();
      if (isHeld) scene.run(['an outage begins']);
      scene.delivery.deliver(scene.subscription('a'), '1', 'news', false);
      scene.delivery.deliver(scene.subscription('a'), BYTES, 'news', true, NAME);
      if (isHeld) scene.run(['it ends', 'release 2']);
      expect(scene.delivered).toEqual([
        ['1', 'news', false, undefined],
        [BYTES, 'news', true, NAME],
      ]);
    });
  });
});

describe('Delivery.holds()', () => {
  it.each(
    table<'script' | 'held'>(`
      script                                    | held
      a 1                                       |
      an outage begins                          |
      an outage begins, a 1                     | a
      an outage begins, a 1, b 2                | a b
      an outage begins, b 1, b 2                | b
      an outage begins, a 1, b 2, release 1     | b
      an outage begins, a 1, it ends, release 1 |
    `),
  )('$script → "$held"', ({ script, held }) => {
    const scene = new DeliveryScene().run(listOf(script));
    const names = ['a', 'b'].filter((name) => scene.delivery.holds(scene.subscription(name)));
    expect(names.join(' ')).toBe(held);
    expect(scene.delivery.holds(undefined)).toBe(false);
  });
});

describe('Delivery: too many messages that wait for a gap', () => {
  const push = (scene: DeliveryScene, data: string | Buffer) =>
    scene.delivery.deliver(scene.subscription('a'), data, 'news', Buffer.isBuffer(data));

  describe('have it announced, unless that is under way, or a delivery is', () => {
    it.each(
      table<'script' | 'log' | 'state'>(`
        script                                                                | log         | state
        an outage begins, ${MOST_HELD} come                                   |             | ${MOST_HELD} waiting
        an outage begins, ${MOST_HELD} come, a 1                              | split       | ${MOST_HELD + 1} waiting
        an outage begins, ${MOST_HELD} come, a 1, a 2                         | split split | ${MOST_HELD + 2} waiting
        an outage begins, it ends, ${MOST_HELD} come, a 1                     |             | ${MOST_HELD + 1} waiting
        when a:1 do an outage begins, when a:1 do ${MOST_HELD + 1} come, a 1  | a:1         | ${MOST_HELD + 1} waiting
        when a:1 do an outage begins, when a:1 do ${MOST_HELD} come, a 1, a 2 | a:1 split   | ${MOST_HELD + 1} waiting
      `),
    )('$script → "$log"', ({ script, log, state }) => {
      const scene = new DeliveryScene().run(listOf(script));
      expect(scene.log.join(' ')).toBe(log);
      expect(scene.state).toBe(state);
    });
  });

  it.each([
    { what: 'a Buffer', most: Buffer.alloc(MOST_BYTES_HELD) },
    // A character may have three bytes.
    { what: 'a text', most: 'x'.repeat(Math.floor(MOST_BYTES_HELD / 3)) },
  ])('are counted by their bytes, too: $what', ({ most }) => {
    const scene = new DeliveryScene().run(['an outage begins']);
    push(scene, most);
    expect(scene.log).toEqual([]);
    push(scene, 'x');
    expect(scene.log).toEqual(['split']);
  });

  it('are not counted any more once they are delivered', () => {
    const scene = new DeliveryScene().run(['an outage begins']);
    push(scene, Buffer.alloc(MOST_BYTES_HELD));
    scene.run(['release 1']);
    push(scene, Buffer.alloc(MOST_BYTES_HELD));
    expect(scene.log).toEqual(['a:…']);
  });
});

describe('Delivery: the time of the last message', () => {
  it.each(
    table<'script' | 'at'>(`
      script                                   | at
      a 1                                      | 1000
      a 1 buffer                               | 1000
      a takes fast path, a 1                   | 1000
      an outage begins, a 1                    | 1000
      a ignores it, a 1                        | 0
      a ignores it, a 1 buffer                 | 0
      a takes fast path, a 1, time passes, a 2 | 2000
      a 1, time passes, a 2                    | 2000
    `),
  )('$script → $at', ({ script, at }) => {
    jest.setSystemTime(1_000);
    const scene = new DeliveryScene().run(listOf(script));
    expect(scene.heard.at).toBe(Number(at));
  });
});
