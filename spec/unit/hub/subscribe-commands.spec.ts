import type { SubscriptionKind } from '../../../lib/channel-kind.js';
import { listOf, table } from '../../support/table.js';
import { CommandsScene } from './commands-scene.js';

const REFUSAL = new Error('NOPERM');
const DEAD = new Error('Socket closed unexpectedly');

describe('SubscribeCommands: the requests of one batch', () => {
  describe('share a command if verb, kind and mode agree', () => {
    it.each(
      table<'kind' | 'requests' | 'commands'>(`
        kind    | requests                                             | commands
        channel | subscribe a                                          | SUBSCRIBE a
        channel | subscribe a, subscribe b                             | SUBSCRIBE a b
        channel | subscribe a, unsubscribe b, subscribe c              | SUBSCRIBE a c, UNSUBSCRIBE b
        channel | subscribe a, subscribe b buffers                     | SUBSCRIBE a, SUBSCRIBE b (buffers)
        channel | subscribe a, resubscribe b, resubscribe c            | SUBSCRIBE a, SUBSCRIBE b c
        pattern | subscribe a*, subscribe b*                           | PSUBSCRIBE a*, PSUBSCRIBE b*
        pattern | unsubscribe a*, unsubscribe b*                       | PUNSUBSCRIBE a*, PUNSUBSCRIBE b*
        shard   | subscribe {x}1, subscribe {y}1, subscribe {x}2       | SSUBSCRIBE {x}1 {x}2, SSUBSCRIBE {y}1
        shard   | unsubscribe {x}1, unsubscribe {x}2, unsubscribe {y}1 | SUNSUBSCRIBE {x}1 {x}2, SUNSUBSCRIBE {y}1
      `),
    )('$kind: $requests → $commands', ({ kind, requests, commands }) => {
      const scene = new CommandsScene();
      scene.batch(listOf(requests), { kind: kind as SubscriptionKind });
      expect(scene.sent()).toEqual(listOf(commands));
    });
  });

  describe('go out alone where other code listens to the name that is left', () => {
    it.each(
      table<'requests' | 'commands'>(`
        requests                                        | commands
        unsubscribe a, unsubscribe b                    | UNSUBSCRIBE a b
        unsubscribe a, unsubscribe other, unsubscribe b | UNSUBSCRIBE a b, UNSUBSCRIBE other
        subscribe a, subscribe other                    | SUBSCRIBE a other
      `),
    )('$requests → $commands', ({ requests, commands }) => {
      const scene = new CommandsScene({ shared: ['other'] });
      scene.batch(listOf(requests));
      expect(scene.sent()).toEqual(listOf(commands));
    });
  });

  it.each([
    ['a name alone is a string', ['subscribe a'], 'SUBSCRIBE a'],
    [
      'the empty name alone is a list, because the empty string means all names',
      ["subscribe ''"],
      "SUBSCRIBE ['']",
    ],
  ])('%s', (_, requests, command) => {
    const scene = new CommandsScene();
    scene.batch(requests);
    expect(scene.sent()).toEqual([command]);
  });

  it('go out at its end, and with the outer batch if it is inside one', () => {
    const scene = new CommandsScene();
    scene.commands.batch(() => {
      scene.batch(['subscribe a']);
      expect(scene.sent()).toEqual([]);
      scene.request('subscribe', 'b');
    });
    expect(scene.sent()).toEqual(['SUBSCRIBE a b']);
  });

  it('go out also if the work throws', () => {
    const scene = new CommandsScene();
    const work = () => {
      scene.request('subscribe', 'a');
      throw DEAD;
    };
    expect(() => scene.commands.batch(work)).toThrow(DEAD);
    expect(scene.sent()).toEqual(['SUBSCRIBE a']);
  });
});

describe('SubscribeCommands: a request without a batch', () => {
  it('is a command at once', () => {
    const scene = new CommandsScene();
    scene.request('subscribe', 'a');
    expect(scene.sent()).toEqual(['SUBSCRIBE a']);
    scene.request('unsubscribe', 'b', { binary: true });
    expect(scene.sent()).toEqual(['UNSUBSCRIBE b (buffers)']);
  });
});

describe('SubscribeCommands: a resubscription', () => {
  it.each([
    { verb: 'resubscribe', canExtend: true, commands: ['EXTEND CHANNELS a b'], calls: [] },
    {
      verb: 'resubscribe',
      canExtend: false,
      commands: ['SUBSCRIBE a b'],
      calls: ['forget a', 'forget b'],
    },
    { verb: 'subscribe', canExtend: true, commands: ['SUBSCRIBE a b'], calls: [] },
  ])(
    'asks Redis whatever the client believes, unlike a subscription: $verb → $commands',
    ({ verb, canExtend, commands, calls }) => {
      const scene = new CommandsScene({ canExtend, known: ['a', 'b'] });
      scene.batch([`${verb} a`, `${verb} b`]);
      expect(scene.sent()).toEqual(commands);
      expect(scene.calls).toEqual(calls);
    },
  );
});

describe('SubscribeCommands: a refused command', () => {
  describe('is halved until the refused name is alone', () => {
    it.each(
      table<'names' | 'refused' | 'commands' | 'outcomes'>(`
        names   | refused | commands                      | outcomes
        a       | a       | a                             | a: NOPERM
        a b     |         | a b                           | a, b
        a b     | a       | a b, a, b                     | a: NOPERM, b
        a b c   | c       | a b c, a, b c, b, c           | a, b, c: NOPERM
        a b c d | b       | a b c d, a b, c d, a, b       | c, d, a, b: NOPERM
        a b c d | a d     | a b c d, a b, c d, a, b, c, d | a: NOPERM, b, c, d: NOPERM
      `),
    )('$names, refused "$refused" → $commands', async ({ names, refused, commands, outcomes }) => {
      const scene = new CommandsScene();
      scene.batch(names.split(' ').map((name) => `subscribe ${name}`));
      const sent = await scene.answerAll(refused.split(' '), REFUSAL);
      expect(sent).toEqual(listOf(commands).map((command) => `SUBSCRIBE ${command}`));
      expect(scene.outcomes).toEqual(listOf(outcomes));
    });
  });

  it('is not halved if the connection is dead', async () => {
    const scene = new CommandsScene();
    scene.batch(['subscribe a', 'subscribe b']);
    await expect(scene.answerAll(['a'], DEAD)).resolves.toEqual(['SUBSCRIBE a b']);
    expect(scene.outcomes).toEqual([`a: ${DEAD.message}`, `b: ${DEAD.message}`]);
  });

  it.each([
    { replaced: 'a', commands: ['SUBSCRIBE b c'] },
    { replaced: 'b', commands: ['SUBSCRIBE a', 'SUBSCRIBE c'] },
  ])('is halved without $replaced, which has another request by now', async ({ replaced, commands }) => {
    const scene = new CommandsScene();
    scene.batch(['subscribe a', 'subscribe b', 'subscribe c']);
    scene.sent();
    scene.subscription(replaced).request = {};
    await scene.answer(REFUSAL);
    expect(scene.sent()).toEqual(commands);
  });
});

describe('SubscribeCommands: an error is a refusal', () => {
  it.each([
    { error: new Error('NOPERM this user has no permissions'), isReady: true, isRefusal: true },
    { error: new TypeError('Invalid argument type'), isReady: true, isRefusal: true },
    { error: new Error('NOPERM this user has no permissions'), isReady: false, isRefusal: false },
    { error: new Error('Socket closed unexpectedly'), isReady: true, isRefusal: false },
    { error: new Error('Connection timeout'), isReady: true, isRefusal: false },
    { error: new Error('The client is closed'), isReady: true, isRefusal: false },
    { error: new Error("ERR Can't execute 'get'"), isReady: true, isRefusal: false },
    { error: new Error('Disconnects client'), isReady: true, isRefusal: false },
    { error: Object.assign(new Error('read'), { code: 'ECONNRESET' }), isReady: true, isRefusal: false },
    { error: 'NOPERM', isReady: true, isRefusal: false },
    { error: undefined, isReady: true, isRefusal: false },
  ])('$error, client ready: $isReady → $isRefusal', ({ error, isReady, isRefusal }) => {
    const scene = new CommandsScene();
    scene.client.isReady = isReady;
    expect(scene.commands.isRefusal(error)).toBe(isRefusal);
  });
});
