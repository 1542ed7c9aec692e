import { listOf, table } from '../../support/table.js';
import { ForeignCommandsScene } from './foreign-commands-scene.js';

function watched(options?: ConstructorParameters<typeof ForeignCommandsScene>[0]): ForeignCommandsScene {
  const scene = new ForeignCommandsScene(options);
  scene.foreign.watch();
  return scene;
}

let scene: ForeignCommandsScene;

afterEach(() => scene.foreign.unwatch());

describe('ForeignCommands', () => {
  it.each(
    table<'method' | 'args' | 'called' | 'answered'>(`
      method       | args        | called                                                                        | answered
      unsubscribe  | ["a"]       | unsubscribing channel [a]                                                     | unsubscribed channel [a] since 1
      UNSUBSCRIBE  | ["a"]       | unsubscribing channel [a]                                                     | unsubscribed channel [a] since 1
      pUnsubscribe | ["a*"]      | unsubscribing pattern [a*]                                                    | unsubscribed pattern [a*] since 1
      PUNSUBSCRIBE | ["a*"]      | unsubscribing pattern [a*]                                                    | unsubscribed pattern [a*] since 1
      sUnsubscribe | ["a"]       | unsubscribing shard [a]                                                       | unsubscribed shard [a] since 1
      SUNSUBSCRIBE | ["a"]       | unsubscribing shard [a]                                                       | unsubscribed shard [a] since 1
      unsubscribe  | [["a","b"]] | unsubscribing channel [a b]                                                   | unsubscribed channel [a b] since 1
      unsubscribe  | [[]]        | unsubscribing channel []                                                      | unsubscribed channel [] since 1
      unsubscribe  | [[""]]      | unsubscribing channel []                                                      | unsubscribed channel [] since 1
      unsubscribe  | []          | unsubscribing channel all                                                     | unsubscribed channel all since 1
      unsubscribe  | [""]        | unsubscribing channel all                                                     | unsubscribed channel all since 1
      unsubscribe  | [1]         | unsubscribing channel all                                                     | unsubscribed channel all since 1
      unsubscribe  | [[1]]       | unsubscribing channel [1]                                                     | unsubscribed channel [1] since 1
      reset        | []          | unsubscribing channel all, unsubscribing pattern all, unsubscribing shard all | dropped channel all since 1, dropped pattern all since 1, dropped shard all since 1
    `),
  )('reports $method $args: at the call "$called", and at the answer "$answered"', async (row) => {
    for (const error of [undefined, new Error('NOPERM')]) {
      scene = watched();
      void scene.call(row.method, ...(JSON.parse(row.args) as unknown[]));
      expect(scene.written()).toEqual([`call ${row.method}`, ...listOf(row.called)]);
      await scene.answer(error);
      expect(scene.written()).toEqual([...listOf(row.answered), 'answered']);
    }
  });

  it.each(
    table<'args' | 'reports'>(`
      args                    | reports
      ["UNSUBSCRIBE","a"]     | dropped channel [a] since 1
      ["unsubscribe","a"]     | dropped channel [a] since 1
      ["UNSUBSCRIBE","a","b"] | dropped channel [a b] since 1
      ["UNSUBSCRIBE",""]      | dropped channel [] since 1
      ["UNSUBSCRIBE"]         | dropped channel all since 1
      ["PUNSUBSCRIBE","a*"]   | dropped pattern [a*] since 1
      ["SUNSUBSCRIBE",1]      | dropped shard [1] since 1
      ["RESET"]               | dropped channel all since 1, dropped pattern all since 2, dropped shard all since 3
      ["SUBSCRIBE","a"]       |
      ["GET","UNSUBSCRIBE"]   |
      []                      |
      "RESET"                 |
      null                    |
    `),
  )('reports the raw command $args: "$reports"', ({ args, reports }) => {
    const command = JSON.parse(args) as unknown;
    const other = { args: ['GET', 'a'] };
    for (const [method, parameter] of [
      ['sendCommand', command],
      ['_executeMulti', [other, { args: command }]],
      ['_executePipeline', [other, { args: command }]],
    ] as const) {
      scene = watched();
      void scene.call(method, parameter);
      expect(scene.written()).toEqual([`call ${method}`, ...listOf(reports)]);
      expect(scene.foreign.isUnsubscribing).toBe(false);
    }
  });

  it('reports each command of a transaction', () => {
    scene = watched();
    void scene.call('_executeMulti', [{ args: ['UNSUBSCRIBE', 'a'] }, { args: ['PUNSUBSCRIBE'] }]);
    expect(scene.written()).toEqual([
      'call _executeMulti',
      'dropped channel [a] since 1',
      'dropped pattern all since 2',
    ]);
  });

  it('reports what a client tells by an event, while it is watched', () => {
    scene = watched();
    scene.call('emit', 'names-unsubscribed', 'pattern', ['a*', 'b*'], 7);
    expect(scene.written()).toEqual(['unsubscribed pattern [a* b*] since 7']);
    scene.foreign.unwatch();
    scene.call('emit', 'names-unsubscribed', 'pattern', ['a*'], 8);
    expect(scene.written()).toEqual([]);
  });

  it('reports no other command', () => {
    scene = watched();
    void scene.call('subscribe', 'a');
    expect(scene.written()).toEqual(['call subscribe']);
  });
});

describe('ForeignCommands.isUnsubscribing', () => {
  it('is true until the last command is answered', async () => {
    scene = watched();
    expect(scene.foreign.isUnsubscribing).toBe(false);
    void scene.call('unsubscribe', 'a');
    void scene.call('reset');
    scene.written();
    expect(scene.foreign.isUnsubscribing).toBe(true);
    await scene.answer();
    expect(scene.written()).toEqual(['unsubscribed channel [a] since 1']);
    expect(scene.foreign.isUnsubscribing).toBe(true);
    await scene.answer(new Error('Socket closed unexpectedly'));
    expect(scene.written()).toEqual([
      'dropped channel all since 2',
      'dropped pattern all since 2',
      'dropped shard all since 2',
      'answered',
    ]);
    expect(scene.foreign.isUnsubscribing).toBe(false);
  });

  it('is true when the observer is told of the call, and false when it is told of the answer', async () => {
    scene = watched();
    const seen: string[] = [];
    scene.log.push = (entry) => seen.push(`${entry}: ${scene.foreign.isUnsubscribing}`);
    void scene.call('unsubscribe', 'a');
    await scene.answer();
    expect(seen).toEqual([
      'call unsubscribe: false',
      'unsubscribing channel [a]: true',
      'unsubscribed channel [a] since 1: false',
      'answered: false',
    ]);
  });

  it('follows the answers also after the end of the watch', async () => {
    scene = watched();
    void scene.call('unsubscribe', 'a');
    scene.foreign.unwatch();
    scene.written();
    await scene.answer();
    expect(scene.written()).toEqual(['unsubscribed channel [a] since 1', 'answered']);
  });

  it('is true for a moment if the client returns no promise', async () => {
    scene = new ForeignCommandsScene({ lacks: ['unsubscribe'] });
    scene.client.unsubscribe = () => undefined;
    scene.foreign.watch();
    scene.call('unsubscribe', 'a');
    expect(scene.foreign.isUnsubscribing).toBe(true);
    await Promise.resolve();
    expect(scene.foreign.isUnsubscribing).toBe(false);
  });
});

describe('ForeignCommands.ours()', () => {
  it('does not report the commands inside it, and returns its result', () => {
    scene = watched();
    expect(scene.foreign.ours(() => (void scene.call('unsubscribe', 'a'), 7))).toBe(7);
    expect(scene.written()).toEqual(['call unsubscribe']);
    expect(scene.foreign.isUnsubscribing).toBe(false);
  });

  it('ends when its work throws', () => {
    scene = watched();
    const work = () => {
      throw new Error('oh');
    };
    expect(() => scene.foreign.ours(work)).toThrow('oh');
    void scene.call('unsubscribe', 'a');
    expect(scene.written()).toEqual(['call unsubscribe', 'unsubscribing channel [a]']);
  });

  it('is decided at the call: a command that the client sends inside one of ours is ours, too', () => {
    scene = new ForeignCommandsScene({ lacks: ['unsubscribe'] });
    scene.client.unsubscribe = (name) => scene.call('sendCommand', ['UNSUBSCRIBE', name]);
    scene.foreign.watch();
    void scene.foreign.ours(() => scene.call('unsubscribe', 'a'));
    expect(scene.written()).toEqual(['call sendCommand']);
  });
});

describe('ForeignCommands.watch()', () => {
  it('passes on the object, the arguments and the result of a call', () => {
    scene = new ForeignCommandsScene({ lacks: ['unsubscribe'] });
    const result = Promise.resolve();
    const unsubscribe = (scene.client.unsubscribe = jest.fn(() => result));
    scene.foreign.watch();
    expect(scene.call('unsubscribe', 'a', 'listener', true)).toBe(result);
    expect(unsubscribe.mock.calls).toEqual([['a', 'listener', true]]);
    expect(unsubscribe.mock.contexts).toEqual([scene.client]);
  });

  it('reports nothing if the client throws', () => {
    scene = new ForeignCommandsScene({ lacks: ['unsubscribe'] });
    scene.client.unsubscribe = () => {
      throw new TypeError('Invalid argument type');
    };
    scene.foreign.watch();
    expect(() => scene.call('unsubscribe', 1)).toThrow(TypeError);
    expect(scene.written()).toEqual([]);
  });

  it('reports each command once if it is called twice', () => {
    scene = watched();
    scene.foreign.watch();
    void scene.call('unsubscribe', 'a');
    expect(scene.written()).toEqual(['call unsubscribe', 'unsubscribing channel [a]']);
  });

  it.each(['reset', 'unsubscribe', '_executeMulti'])('adds no method to a client without %s', (method) => {
    scene = watched({ lacks: [method] });
    expect(method in scene.client).toBe(false);
  });

  it.each(
    table<'theirs' | 'ours' | 'reports'>(`
      theirs | ours | reports
      1      | 1    | handoff
      2      | 1    |
             | 1    | handoff
      1      |      | handoff
    `),
  )('reports that the client "$ours" has a new socket when the client "$theirs" has: "$reports"', (row) => {
    scene = watched();
    if (row.ours) scene.client._clientId = row.ours;
    scene.handOff(row.theirs ? { clientId: row.theirs } : {});
    expect(scene.written()).toEqual(listOf(row.reports));
  });

  it('reports a new socket of a client that is not told', () => {
    scene = watched();
    scene.client._clientId = '1';
    scene.handOff(undefined);
    expect(scene.written()).toEqual(['handoff']);
  });
});

describe('ForeignCommands.unwatch()', () => {
  it('leaves the client as it was', () => {
    scene = new ForeignCommandsScene({ own: ['reset'] });
    const before = { ...scene.client };
    scene.foreign.watch();
    scene.foreign.unwatch();
    expect({ ...scene.client }).toEqual(before);
    for (const method of ['unsubscribe', 'reset', 'sendCommand']) void scene.call(method);
    scene.handOff({});
    expect(scene.written()).toEqual(['call unsubscribe', 'call own reset', 'call sendCommand']);
  });

  it('does nothing without a watch, and can be followed by another one', () => {
    scene = new ForeignCommandsScene();
    scene.foreign.unwatch();
    scene.foreign.watch();
    scene.foreign.unwatch();
    scene.foreign.unwatch();
    scene.foreign.watch();
    void scene.call('unsubscribe', 'a');
    scene.handOff({});
    expect(scene.written()).toEqual(['call unsubscribe', 'unsubscribing channel [a]', 'handoff']);
  });

  it('leaves a method that other code has wrapped meanwhile, and reports nothing more by it', () => {
    scene = watched();
    const wrapped = scene.client.unsubscribe!;
    const wrapper = (scene.client.unsubscribe = (...args) => wrapped.apply(scene.client, args));
    scene.foreign.unwatch();
    expect(scene.client.unsubscribe).toBe(wrapper);
    void scene.call('unsubscribe', 'a');
    expect(scene.written()).toEqual(['call unsubscribe']);
  });
});
