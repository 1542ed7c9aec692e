import { MOST_CHARACTERS, MOST_NAMES } from '../../../lib/hub/commands-in-flight.js';
import { listOf, table } from '../../support/table.js';
import { CommandsScene } from './commands-scene.js';

const REFUSAL = new Error('NOPERM');

describe('SubscribeCommands: names in flight', () => {
  const N = MOST_NAMES;
  const C = MOST_CHARACTERS;

  /** Returns the number of names in each of the commands. */
  const sizes = (commands: readonly string[]) => commands.map((command) => command.split(' ').length - 1);

  it.each([
    { lengths: Array<number>(N).fill(4), sent: [[N]] },
    { lengths: Array<number>(N + 1).fill(4), sent: [[N], [1]] },
    { lengths: Array<number>(2 * N + 5).fill(4), sent: [[N], [N], [5]] },
    { lengths: [C / 2, C / 2], sent: [[2]] },
    { lengths: [C / 2, C / 2, 1], sent: [[2], [1]] },
    { lengths: [1, C], sent: [[1], [1]] },
    { lengths: [C + 1, C + 1, 1], sent: [[1], [1], [1]] },
  ])('are bounded: $lengths.length names go out as $sent, reply by reply', async ({ lengths, sent }) => {
    const scene = new CommandsScene();
    const names = lengths.map((length, index) => String(index).padStart(length, '0').slice(-length));
    scene.batch(names.map((name) => `subscribe ${name}`));
    for (const expected of sent) {
      expect(sizes(scene.sent())).toEqual(expected);
      await scene.answer();
    }
    expect(scene.outcomes).toEqual(names);
    expect(scene.sent()).toEqual([]);
  });

  it('leave no room to any later request, however small', async () => {
    const scene = new CommandsScene();
    scene.batch(Array.from({ length: N }, (_, index) => `subscribe ${index}`));
    scene.sent();
    scene.request('unsubscribe', 'a');
    scene.request('subscribe', 'b');
    expect(scene.sent()).toEqual([]);
    await scene.answer();
    expect(scene.sent()).toEqual(['UNSUBSCRIBE a', 'SUBSCRIBE b']);
  });

  it('are counted anew after a refused command: only the names that are asked for again', async () => {
    const scene = new CommandsScene();
    scene.batch(Array.from({ length: N }, (_, index) => `subscribe ${index}`));
    scene.batch(Array.from({ length: N }, (_, index) => `subscribe next${index}`));
    scene.sent();
    scene.subscription('0').request = {};
    await scene.answer(REFUSAL);
    expect(sizes(scene.sent())).toEqual([N / 2 - 1, N / 2]);
    await scene.answer();
    expect(sizes(scene.sent())).toEqual([N / 2]);
  });

  it('no longer count after a restart, and requests that wait fail', async () => {
    const scene = new CommandsScene();
    scene.batch(Array.from({ length: N + 1 }, (_, index) => `subscribe ${index}`));
    scene.sent();
    scene.commands.restart();
    expect(scene.outcomes).toEqual([`${N}: Socket closed unexpectedly`]);
    scene.request('subscribe', 'a');
    expect(scene.sent()).toEqual(['SUBSCRIBE a']);
    await scene.answer();
    scene.batch(Array.from({ length: N }, (_, index) => `subscribe next ${index}`));
    expect(scene.commands.quietSince).toBeUndefined();
  });
});

describe('SubscribeCommands: while other code unsubscribes', () => {
  it.each(
    table<'requests' | 'atOnce' | 'afterwards'>(`
      requests                                | atOnce        | afterwards
      subscribe a                             | SUBSCRIBE a   |
      unsubscribe a                           | UNSUBSCRIBE a |
      resubscribe a                           |               | SUBSCRIBE a
      subscribe a, resubscribe b, subscribe c | SUBSCRIBE a c | SUBSCRIBE b
      resubscribe a, subscribe b              |               | SUBSCRIBE a, SUBSCRIBE b
    `),
  )('$requests: sends "$atOnce", and "$afterwards" behind the reply', ({ requests, atOnce, afterwards }) => {
    const scene = new CommandsScene();
    scene.foreign.isUnsubscribing = true;
    scene.batch(listOf(requests));
    scene.commands.sendMore();
    expect(scene.sent()).toEqual(listOf(atOnce));
    scene.foreign.isUnsubscribing = false;
    scene.commands.sendMore();
    expect(scene.sent()).toEqual(listOf(afterwards));
  });

  it('forgets a request that a later one has replaced', () => {
    const scene = new CommandsScene();
    scene.foreign.isUnsubscribing = true;
    scene.batch(['resubscribe a', 'resubscribe b', 'resubscribe c']);
    scene.subscription('a').request = undefined;
    scene.request('unsubscribe', 'b');
    scene.foreign.isUnsubscribing = false;
    scene.commands.sendMore();
    expect(scene.sent()).toEqual(['SUBSCRIBE c', 'UNSUBSCRIBE b']);
  });
});

describe('SubscribeCommands: the outcome of a command', () => {
  it('counts for the names whose latest request it is', async () => {
    const scene = new CommandsScene();
    scene.batch(['subscribe a', 'subscribe b']);
    scene.request('unsubscribe', 'a');
    await scene.answer();
    expect(scene.outcomes).toEqual(['b']);
    await scene.answer();
    expect(scene.outcomes).toEqual(['b', 'a']);
  });

  it('discards what the client has added for the names with a later request', async () => {
    const scene = new CommandsScene();
    scene.batch(['subscribe a', 'subscribe b', 'subscribe c']);
    scene.subscription('b').request = {};
    await scene.answer();
    expect(scene.calls).toEqual(['heard', 'discard b', 'quiet']);
  });

  it.each([
    { outcome: 'an error that the client throws', thrown: REFUSAL, failure: 'a: NOPERM' },
    {
      outcome: 'a rejection without an error',
      thrown: undefined,
      failure: 'a: The client rejected without an error.',
    },
  ])('is a failure for $outcome', async ({ thrown, failure }) => {
    const scene = new CommandsScene();
    scene.thrown = thrown;
    scene.request('subscribe', 'a');
    await scene.answer(null);
    expect(scene.outcomes).toEqual([failure]);
  });

  it('sends the requests that it causes together', async () => {
    const scene = new CommandsScene();
    scene.batch(['subscribe a', 'subscribe b']);
    scene.sent();
    for (const name of ['a', 'b'])
      scene.subscription(name).onOperationEnded = () => scene.request('unsubscribe', name);
    await scene.answer();
    expect(scene.sent()).toEqual(['UNSUBSCRIBE a b']);
  });
});

describe('SubscribeCommands: the observer and the registry', () => {
  it.each(
    table<'request' | 'known' | 'reply' | 'calls'>(`
      request       | known | reply   | calls
      subscribe a   |       | OK      | heard, quiet
      subscribe a   | a     | OK      | quiet
      resubscribe a | a     | OK      | forget a, heard, quiet
      unsubscribe a | a     | OK      | share a, quiet
      subscribe a   |       | refused | quiet
    `),
  )('$request, known to the client "$known", $reply → $calls', async ({ request, known, reply, calls }) => {
    const scene = new CommandsScene({ known: listOf(known) });
    scene.batch([request]);
    await scene.answer(reply === 'refused' ? REFUSAL : undefined);
    expect(scene.calls).toEqual(listOf(calls));
  });

  it('reports quiet when no operation is in flight, unless another operation has followed', async () => {
    const scene = new CommandsScene();
    const { commands } = scene;
    const before = commands.quietSince;
    scene.request('subscribe', 'a');
    scene.request('subscribe', 'b');
    expect(commands.quietSince).toBeUndefined();
    await scene.answer();
    expect(scene.calls).not.toContain('quiet');
    const onOperationEnded = jest.fn().mockImplementationOnce(() => scene.request('unsubscribe', 'b'));
    scene.subscription('b').onOperationEnded = onOperationEnded;
    await scene.answer();
    expect(scene.calls).not.toContain('quiet');
    await scene.answer();
    expect(scene.calls).toContain('quiet');
    expect(commands.quietSince).toBeDefined();
    expect(commands.quietSince).not.toBe(before);
  });

  it('is not quiet while a request waits', () => {
    const scene = new CommandsScene();
    scene.foreign.isUnsubscribing = true;
    scene.request('resubscribe', 'a');
    expect(scene.commands.quietSince).toBeUndefined();
  });
});

describe('SubscribeCommands: a fence', () => {
  const FENCE = 'UNSUBSCRIBE rx-redis-receiver:fence:';

  it('unsubscribes a new unused name each time', () => {
    const scene = new CommandsScene();
    for (const _ of [0, 1]) scene.commands.fence(() => undefined);
    expect(scene.sent()).toEqual([`${FENCE}0`, `${FENCE}1`]);
  });

  it('is one for all of a batch, behind its commands, and passes in order', async () => {
    const scene = new CommandsScene();
    const passed: string[] = [];
    scene.commands.batch(() => {
      scene.commands.fence(() => passed.push('first'));
      scene.request('unsubscribe', 'a');
      scene.commands.fence(() => passed.push('second'));
    });
    expect(scene.sent()).toEqual(['UNSUBSCRIBE a', `${FENCE}0`]);
    await scene.answer();
    expect(passed).toEqual([]);
    await scene.answer();
    expect(passed).toEqual(['first', 'second']);
  });

  it.each([
    { end: 'the client rejects', thrown: undefined },
    { end: 'the client throws', thrown: REFUSAL },
  ])('passes also if $end, because nothing can arrive any more', async ({ thrown }) => {
    const scene = new CommandsScene();
    scene.thrown = thrown;
    const passed = jest.fn();
    scene.commands.fence(passed);
    await scene.answer(REFUSAL);
    expect(passed).toHaveBeenCalledTimes(1);
  });

  it('sends the requests that it causes together', async () => {
    const scene = new CommandsScene();
    scene.commands.batch(() => {
      for (const name of ['a', 'b']) scene.commands.fence(() => scene.request('unsubscribe', name));
    });
    scene.sent();
    await scene.answer();
    expect(scene.sent()).toEqual(['UNSUBSCRIBE a b']);
  });
});
