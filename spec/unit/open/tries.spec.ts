import type { OpenTarget } from '../../../lib/open/open-options.js';
import { listOf, table } from '../../support/table.js';
import { TriesScene } from './tries-scene.js';

/** Each row: a script, the failed attempts that are reported, and their number since the last connection. */
function rules(kind: OpenTarget['kind'], text: string): void {
  it.each(table<'script' | 'log' | 'attempt'>(text))('$script → $log', ({ script, log, attempt }) => {
    const scene = new TriesScene(kind).run(listOf(script));
    expect(scene.log.join(', ')).toBe(log);
    expect(scene.tries.attempt).toBe(Number(attempt));
  });
}

describe('Tries to connect to a server', () => {
  describe('count one error for each attempt', () => {
    rules(
      'server',
      `
        script                                       | log      | attempt
        error E                                      | 1 E      | 1
        error E, error F                             | 1 E      | 1
        error E, reconnecting, error F               | 1 E, 2 F | 2
        error E, reconnecting, error E               | 1 E, 2 E | 2
        error E, reconnecting, reconnecting, error F | 1 E, 2 F | 2
        opened, away, error E                        | 1 E      | 1
        node-error E                                 |          | 0
        text E                                       | 1 E      | 1
        error E, ready                               | 1 E      | 0
        error E, opened                              | 1 E      | 0
      `,
    );
  });

  describe('count anew after a connection, whose loss is not an attempt', () => {
    rules(
      'server',
      `
        script                                                       | log      | attempt
        ready, error L                                               |          | 0
        ready, error L, error M                                      |          | 0
        ready, error L, reconnecting                                 |          | 0
        ready, error L, reconnecting, error E                        | 1 E      | 1
        ready, error L, reconnecting, error L                        |          | 0
        ready, error L, reconnecting, error L, error E               | 1 E      | 1
        ready, error L, error M, reconnecting, error L               | 1 L      | 1
        ready, error L, error M, reconnecting, error M               |          | 0
        error E, reconnecting, ready, error L, reconnecting, error F | 1 E, 1 F | 1
      `,
    );
  });

  describe('ignore a client that is closed or given up', () => {
    rules(
      'server',
      `
        script                 | log      | attempt
        closed, error E        |          | 0
        ignored, error E       |          | 0
        next, old error E      |          | 0
        error E, next, error F | 1 E, 2 F | 2
        ignored, next, error E | 1 E      | 1
      `,
    );
  });
});

describe('Tries to connect to a cluster', () => {
  describe('count the errors of its nodes', () => {
    rules(
      'cluster',
      `
        script                                 | log      | attempt
        node-error E                           | 1 E      | 1
        node-error E, node-error F             | 1 E, 2 F | 2
        node-error E, node-ready, node-error F | 1 E, 2 F | 2
        error E                                |          | 0
        node-error E, opened                   | 1 E      | 0
        closed, node-error E                   |          | 0
        ignored, node-error E                  |          | 0
        next, old node-error E                 |          | 0
      `,
    );
  });

  describe('count further errors only while a connection that is needed is lost', () => {
    rules(
      'cluster',
      `
        script                                               | log      | attempt
        opened, error E                                      |          | 0
        opened, node-error E                                 |          | 0
        opened, away, error E                                | 1 E      | 1
        opened, away, text E                                 | 1 E      | 1
        opened, away, node-error E, error F                  | 1 E, 2 F | 2
        opened, away, node-error E, node-ready               | 1 E      | 0
        opened, away, node-error E, node-ready, node-error F | 1 E, 1 F | 1
        opened, away, node-error E, back, node-error F       | 1 E      | 0
        opened, away, node-error E, back, error F            | 1 E      | 0
        opened, away, closed, node-error E                   |          | 0
      `,
    );
  });
});

describe('Tries to connect to a Sentinel set of two Sentinels', () => {
  describe('count one error for each round of the Sentinels, and each error of a node', () => {
    rules(
      'sentinel',
      `
        script                                      | log                      | attempt
        error E                                     |                          | 0
        error E, error F                            | 1 F                      | 1
        error E, error F, error G                   | 1 F                      | 1
        error E, error F, error G, error H          | 1 F, 2 H                 | 2
        error E, text E                             |                          | 0
        error E, topology-change, error F           |                          | 0
        error E, topology-change, error F, error G  | 1 G                      | 1
        error Master Client (a)                     | 1 Master Client (a)      | 1
        error Replica Client (a)                    | 1 Replica Client (a)     | 1
        error Sentinel Client (a)                   | 1 Sentinel Client (a)    | 1
        error The Master Client (a)                 |                          | 0
        error E, error Master Client (a), error F   | 1 Master Client (a), 2 F | 2
        client-error E                              | 1 E                      | 1
        cause F E, error D, error F, client-error E | 1 F                      | 1
        cause F E, error D, error F, client-error F | 1 F, 2 F                 | 2
        client-error E, client-error E              | 1 E, 2 E                 | 2
        client-error E, ready                       | 1 E                      | 1
        closed, client-error E                      |                          | 0
        ignored, client-error E                     |                          | 0
      `,
    );
  });

  describe('count further errors only while the connection to the master is lost', () => {
    rules(
      'sentinel',
      `
        script                                             | log | attempt
        opened, error E, error F                           |     | 0
        opened, client-error E                             |     | 0
        opened, away, error E, error F                     | 1 F | 1
        opened, away, client-error E                       | 1 E | 1
        opened, away, client-error E, ready                | 1 E | 0
        opened, away, client-error E, back, client-error F | 1 E | 0
      `,
    );
  });
});

describe('Tries.explain()', () => {
  it.each(
    table<'kind' | 'script' | 'reason' | 'cause'>(`
      kind     | script                         | reason | cause
      server   |                                | R      |
      server   | error E                        | R      | E
      server   | error E, reconnecting, error F | R      | F
      server   | error E                        | E      |
      server   | error E, cause E R             | R      |
      server   | error E, cause E F, cause F R  | R      |
      server   | error E, cause R F             | R      | F
      server   | error E, next                  | R      | E
      cluster  | error E                        | R      | E
      cluster  | error E, node-error F          | R      | E
      cluster  | error E, node-error F, next    | R      | F
      cluster  | error E, next                  | R      |
      sentinel | error E                        | R      | E
      sentinel | error E, text F                | R      | E
      sentinel | error E, client-error F        | R      | E
    `),
  )('$kind, $script: the cause of $reason is "$cause"', ({ kind, script, reason, cause }) => {
    const scene = new TriesScene(kind as OpenTarget['kind']).run(listOf(script));
    const error = scene.error(reason);
    expect(scene.tries.explain(error)).toBe(error);
    expect(error.cause).toBe(cause ? scene.error(cause) : undefined);
  });

  it('leaves a reason that is not an error as it is', () => {
    const scene = new TriesScene('server').run(['error E']);
    const reason = { message: 'R' };
    expect(scene.tries.explain(reason)).toBe(reason);
    expect(reason).toEqual({ message: 'R' });
  });
});

describe('Tries.rejected()', () => {
  describe('reports that a client gave up, unless the client has reported an attempt itself', () => {
    rules(
      'cluster',
      `
        script                                       | log      | attempt
        rejected R                                   | 1 R      | 1
        error E, rejected R                          | 1 R      | 1
        node-error E, rejected R                     | 1 E      | 1
        node-error E, next, rejected R               | 1 E, 2 R | 2
        node-error E, next, node-error F, rejected R | 1 E, 2 F | 2
        ignored, rejected R                          | 1 R      | 1
      `,
    );
  });

  it('explains the reason', () => {
    const { tries, error } = sceneAfter('error E', 'rejected R');
    expect(tries.lastError).toBe(error('R'));
    expect(tries.lastError!.cause).toBe(error('E'));
  });

  it('makes an error of a reason that is none', () => {
    const { tries } = sceneAfter();
    tries.rejected('R', 0);
    expect(tries.lastError).toEqual(new Error('R'));
  });

  function sceneAfter(...steps: string[]) {
    const scene = new TriesScene('cluster').run(steps);
    return { tries: scene.tries, error: (name: string) => scene.error(name) };
  }
});

describe('Tries', () => {
  it('know the last error, also if nobody is told', () => {
    const scene = new TriesScene('server', { isReported: false });
    expect(scene.tries.lastError).toBeUndefined();
    scene.run(['error E', 'reconnecting', 'error F', 'ready', 'error L']);
    expect(scene.tries.lastError).toBe(scene.error('F'));
    expect(scene.tries.attempt).toBe(0);
  });

  it.each([
    { kind: 'server', where: 'redis://127.0.0.1:1' },
    { kind: 'cluster', where: 'the cluster at redis://127.0.0.1:1, redis://127.0.0.1:2' },
    { kind: 'sentinel', where: 'the master of the Sentinels at redis://127.0.0.1:1, redis://127.0.0.1:2' },
  ] as const)('know where: $where', ({ kind, where }) => {
    expect(new TriesScene(kind).tries.where).toBe(where);
  });
});
