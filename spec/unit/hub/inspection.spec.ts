import { shortfallOf } from '../../../lib/hub/inspection.js';
import { listOf, table } from '../../support/table.js';
import { infoOf, InspectionScene } from './inspection-scene.js';

/** Each row: a script, what it causes, and whether a required answer is then outstanding. */
function rules(text: string): void {
  it.each(table<'script' | 'log' | 'owed'>(text))('$script → $log', async ({ script, log, owed }) => {
    const scene = await new InspectionScene().run(listOf(script));
    expect(scene.log.join(', ')).toBe(log);
    expect(scene.inspection.isOwed).toBe(owed === 'yes');
  });
}

describe('shortfallOf()', () => {
  it.each(
    table<'has' | 'says' | 'lacks'>(`
      has   | says  | lacks
      0 0 0 | 0 0 0 | 0 0 0
      2 3 4 | 2 3 4 | 0 0 0
      2 3 4 | 1 3 4 | 1 0 0
      2 3 4 | 2 1 4 | 0 2 0
      2 3 4 | 2 3 1 | 0 0 3
      2 3 4 | 9 9 9 | 0 0 0
      2 3 4 | 1 1   | 1 2 0
      2 3 4 | 1     | 1 0 0
      2 3 4 |       |
    `),
  )('the client has $has, Redis says $says: it lacks $lacks', async ({ has, says, lacks }) => {
    const { client } = await new InspectionScene().run([`has ${has}`]);
    const shortfall = shortfallOf(infoOf(says.split(' ')), client);
    expect(shortfall ? Object.values(shortfall).join(' ') : '').toBe(lacks);
  });

  it.each([
    { info: '', reason: 'is empty' },
    { info: 'id=1 psub=1 ssub=1', reason: 'has no count of channels' },
    { info: 'id=1 sub=none psub=1', reason: 'has no number' },
  ])('knows nothing if the reply $reason', ({ info }) => {
    expect(shortfallOf(info, new InspectionScene().client)).toBeUndefined();
  });

  it('finds nothing if the client has no registry', () => {
    const { client } = new InspectionScene({ hasRegistry: false });
    expect(shortfallOf('id=1 sub=0 psub=0', client)).toEqual({ channel: 0, pattern: 0, shard: 0 });
  });
});

describe('Inspection', () => {
  describe('finds Redis sound if Redis has all names', () => {
    rules(`
      script                           | log                                    | owed
      run, says 0 0 0                  | ask, sound 1, done                     | no
      has 2 1 0, run, says 2 1 0       | ask, sound 1, done                     | no
      has 2 1 0, run, says 5 1 0       | ask, sound 1, done                     | no
      has 2 1 0, run, says 2 1         | ask, sound 1, done                     | no
      run                              | ask                                    | no
      run, says                        | ask, done                              | no
      run, says 0 0 0, run, says 0 0 0 | ask, sound 1, done, ask, sound 2, done | no
      run, run, says 0 0 0             | ask, sound 1, done, done               | no
    `);
  });

  describe('reports a shortfall that a second answer confirms', () => {
    rules(`
      script                                                              | log                                             | owed
      has 2 0 0, run, says 1 0 0                                          | ask, ask                                        | yes
      has 2 0 0, run, says 1 0 0, says 2 0 0                              | ask, ask, sound 2, done                         | no
      has 2 0 0, run, says 1 0 0, says 1 0 0                              | ask, ask, short channel, ask, done              | yes
      has 0 2 0, run, says 0 1 0, says 0 0 0                              | ask, ask, short pattern, ask, done              | yes
      has 0 0 2, run, says 0 0 1, says 0 0 1                              | ask, ask, short shard, ask, done                | yes
      has 2 2 2, run, says 1 1 1, says 1 2 1                              | ask, ask, short channel, short shard, ask, done | yes
      has 2 0 0, when short channel do reset, run, says 1 0 0, says 1 0 0 | ask, ask, short channel, done                   | no
      has 2 0 0, run, says 1 0 0, says                                    | ask, ask, done                                  | no
      has 2 0 0, run, says 1 0 0, fails Socket closed                     | ask, ask, done                                  | no
      has 2 0 0, run, says 1 0 0, says 2 0 0, run, says 1 0 0             | ask, ask, sound 2, done, ask, ask               | yes
    `);
  });

  describe('tolerates what is left when all names were requested again: it belongs to other code', () => {
    const SHORT = 'has 3 0 0, run, says 1 0 0, says 1 0 0';
    const LOG = 'ask, ask, short channel, ask, done';
    rules(`
      script                                                  | log                                                 | owed
      ${SHORT}                                                | ${LOG}                                              | yes
      ${SHORT}, reset, says 1 0 0                             | ${LOG}, ask                                         | yes
      ${SHORT}, says 3 0 0                                    | ${LOG}, sound 3                                     | no
      ${SHORT}, says 2 0 0                                    | ${LOG}, sound 3                                     | no
      ${SHORT}, says 2 0 0, run, says 2 0 0                   | ${LOG}, sound 3, ask, sound 4, done                 | no
      ${SHORT}, says 2 0 0, run, says 1 0 0                   | ${LOG}, sound 3, ask, ask                           | yes
      ${SHORT}, says 2 0 0, run, says 1 0 0, says 1 0 0       | ${LOG}, sound 3, ask, ask, short channel, ask, done | yes
      ${SHORT}, says 2 0 0, run, says 3 0 0, run, says 2 0 0  | ${LOG}, sound 3, ask, sound 4, done, ask, ask       | yes
      ${SHORT}, says 2 0 0, reset, run, says 2 0 0            | ${LOG}, sound 3, ask, ask                           | yes
      ${SHORT}, has 4 0 0, says 2 0 0, says 2 0 0, says 2 0 0 | ${LOG}, ask, ask, short channel, ask                | yes
      ${SHORT}, has 4 0 0, says 2 0 0, says 2 0 0             | ${LOG}, ask, ask                                    | yes
    `);
  });

  describe('waits for the operations that repair a shortfall before it asks again', () => {
    const SHORT = 'has 3 0 0, when short channel do operation begins, run, says 1 0 0, says 1 0 0';
    const LOG = 'ask, ask, short channel, done';
    rules(`
      script                                                                | log                                   | owed
      ${SHORT}                                                              | ${LOG}                                | yes
      ${SHORT}, operation ends                                              | ${LOG}                                | yes
      ${SHORT}, operation ends, run                                         | ${LOG}, ask                           | yes
      ${SHORT}, operation ends, run, says 2 0 0                             | ${LOG}, ask, sound 3, done            | no
      ${SHORT}, run, has 2 0 0, says 1 0 0, operation ends, run, says 1 0 0 | ${LOG}, ask, done, ask, sound 4, done | no
      ${SHORT}, run, operation ends, says 1 0 0                             | ${LOG}, ask, ask                      | yes
      ${SHORT}, run, operation ends, says 1 0 0, says 2 0 0                 | ${LOG}, ask, ask, sound 4, done       | no
    `);
  });

  describe('asks nothing where there is no answer', () => {
    rules(`
      script                                  | log             | owed
      offline, run                            | done            | no
      offline, demand                         | done            | yes
      run, fails NOPERM no permission, run    | ask, done, done | no
      run, fails ERR unknown command, run     | ask, done, done | no
      run, fails NOAUTH, run                  | ask, done, done | no
      run, fails ERRATIC, run                 | ask, done, ask  | no
      run, fails Socket closed, run           | ask, done, ask  | no
      run, fails without a reason, run        | ask, done, ask  | no
      run, offline, fails NOPERM, online, run | ask, done, ask  | no
      run, fails NOPERM, reset, run           | ask, done, ask  | no
      run, fails NOPERM, demand               | ask, done, ask  | yes
      demand, fails NOPERM                    | ask, done       | no
      demand, fails Socket closed             | ask, done       | no
    `);

    it('because the client cannot ask', async () => {
      const scene = await new InspectionScene({ canSend: false }).run(['run', 'demand']);
      expect(scene.log).toEqual(['done', 'done']);
    });
  });

  describe('does not believe an answer if anything has changed since the question', () => {
    rules(`
      script                                                 | log                           | owed
      run, operation begins, says 0 0 0                      | ask, done                     | no
      run, operation begins, operation ends, says 0 0 0      | ask, done                     | no
      operation begins, run, says 0 0 0                      | ask, done                     | no
      operation begins, run, operation ends, says 0 0 0      | ask, done                     | no
      has 2 0 0, run, has 3 0 0, says 1 0 0                  | ask, done                     | no
      has 2 0 0, run, has 1 1 0, says 1 0 0                  | ask, done                     | no
      has 2 0 0, run, has 1 0 1, says 1 0 0                  | ask, done                     | no
      has 2 0 0, run, has 3 0 0, says 1 0 0, run, says 3 0 0 | ask, done, ask, sound 2, done | no
    `);
  });
});

describe('Inspection.demand()', () => {
  rules(`
    script                                                                | log                           | owed
    demand                                                                | ask                           | yes
    demand, says 0 0 0                                                    | ask, sound 1, done            | no
    demand, says                                                          | ask, done                     | no
    demand, reset                                                         | ask                           | no
    demand, operation begins, says 0 0 0                                  | ask, done                     | yes
    demand, operation begins, says 0 0 0, operation ends, run, says 0 0 0 | ask, done, ask, sound 2, done | no
    demand, operation begins, operation ends, says 0 0 0                  | ask, ask                      | yes
    demand, operation begins, operation ends, says 0 0 0, says 0 0 0      | ask, ask, sound 2, done       | no
    has 2 0 0, demand, has 3 0 0, says 2 0 0                              | ask, ask                      | yes
    has 2 0 0, demand, has 3 0 0, says 2 0 0, says 3 0 0                  | ask, ask, sound 2, done       | no
    demand, operation begins, operation ends, offline, says 0 0 0         | ask, done                     | yes
    run, demand, operation begins, operation ends, says 0 0 0             | ask, ask                      | yes
    has 2 0 0, run, says 1 0 0, demand, says 1 0 0                        | ask, ask, ask                 | yes
  `);

  it('does not accept the answer to an earlier question', async () => {
    const { inspection, log } = await new InspectionScene().run(['run', 'demand', 'says 0 0 0']);
    expect(log).toEqual(['ask', 'ask']);
    expect(inspection.isOwed).toBe(true);
  });
});
