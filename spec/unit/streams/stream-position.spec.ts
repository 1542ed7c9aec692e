import type { StreamInfo } from '../../../lib/streams/stream-info.js';
import { StreamPosition } from '../../../lib/streams/stream-position.js';

interface State {
  readonly ids: readonly string[];
  readonly last?: string;
  readonly added?: number | undefined;
  readonly deleted?: string;
  /** Text that tells the entries of one stream from those of another. */
  readonly mark?: string;
}

const messageOf = (id: string, mark: string) => ({ n: `${mark}${id}` });
const printed = (id: string, mark: string) => ({ id, print: `1;n=${mark.length + id.length}:${mark}${id};` });

function infoOf({
  ids,
  last = ids.at(-1) ?? '0-0',
  added = ids.length,
  deleted = '0-0',
  mark = '',
}: State): StreamInfo {
  const newest = ids.at(-1) === last ? printed(last, mark) : undefined;
  return {
    last,
    newest,
    first: ids[0] === undefined ? undefined : printed(ids[0], mark),
    deleted,
    added,
    removed: added - ids.length,
  };
}

/** Returns the state as Redis 6 tells it. */
function oldInfoOf(state: State): StreamInfo {
  return { ...infoOf(state), added: undefined, removed: undefined, deleted: undefined };
}

const entriesOf = (ids: readonly string[], mark = '') =>
  ids.map((id) => ({ id, message: messageOf(id, mark) }));

/** Reads the state, and then entries, which are received; returns what is missing. */
function read(
  position: StreamPosition,
  info: StreamInfo | undefined,
  ids: readonly string[],
  isEnd = true,
  mark = '',
) {
  const missing = [position.check(info), position.count(entriesOf(ids, mark), isEnd)];
  for (const { id, message } of entriesOf(ids, mark)) position.moveTo(id, message);
  return missing;
}

const SIX = ['1-0', '2-0', '3-0', '4-0', '5-0', '6-0'];

describe('the position in a stream', () => {
  it('counts entries that were trimmed, before they could be read', () => {
    const position = StreamPosition.from('start', infoOf({ ids: SIX }));
    expect(read(position, infoOf({ ids: SIX }), ['1-0', '2-0'], false)).toEqual([0, 0]);
    expect(read(position, infoOf({ ids: ['5-0', '6-0'], added: 6 }), ['5-0', '6-0'])).toEqual([2, 0]);
  });

  it('counts entries that were deleted, once the end is reached', () => {
    const position = StreamPosition.from('start', infoOf({ ids: SIX }));
    const left = ['1-0', '3-0', '5-0', '6-0'];
    const info = infoOf({ ids: left, added: 6, deleted: '4-0' });
    read(position, infoOf({ ids: SIX }), ['1-0'], false);
    expect(read(position, info, ['3-0'], false)).toEqual([0, 0]);
    expect(read(position, info, ['5-0', '6-0'])).toEqual([0, 2]);
    expect(read(position, info, [])).toEqual([0, 0]);
  });

  it('counts what was removed between the state and the entries', () => {
    const position = StreamPosition.from('start', infoOf({ ids: [] }));
    expect(read(position, infoOf({ ids: SIX }), ['5-0', '6-0', '7-0'])).toEqual([0, 4]);
    expect(read(position, infoOf({ ids: ['5-0', '6-0', '7-0'], added: 7 }), [])).toEqual([0, 0]);
  });

  it('knows no number behind an id of which it has no count', () => {
    const trimmed = infoOf({ ids: ['5-0', '6-0'], added: 6 });
    expect(read(StreamPosition.from('2-0', trimmed), trimmed, ['5-0', '6-0'])).toEqual(['unknown', 0]);
    const whole = infoOf({ ids: SIX });
    expect(read(StreamPosition.from('2-0', whole), whole, SIX.slice(2))).toEqual([0, 0]);
    const holed = infoOf({ ids: ['1-0', '2-0', '6-0'], added: 6, deleted: '5-0' });
    expect(read(StreamPosition.from('2-0', holed), holed, ['6-0'])).toEqual([0, 'unknown']);
  });

  it.each([
    ['with a smaller last id', { ids: ['3-0'], mark: 'new' }],
    ['with the same ids', { ids: SIX, mark: 'new' }],
    ['with fewer entries', { ids: ['7-0'], mark: 'new' }],
    [
      'with its first entry in the same time',
      { ids: ['2-0', '3-0', '4-0', '5-0', '6-0', '7-0', '8-0'], mark: 'new' },
    ],
  ])('goes to the beginning of another stream, %s', (_what, state: State) => {
    const position = StreamPosition.from('start', infoOf({ ids: SIX }));
    read(position, infoOf({ ids: SIX }), SIX);
    read(position, infoOf({ ids: SIX }), []);
    expect(position.check(infoOf(state))).toBe('unknown');
    expect(position.id).toBe('0-0');
  });

  it('reads on in a stream that has lost its last entries, also one that is trimmed', () => {
    for (const [before, after] of [
      [{ ids: SIX }, { ids: SIX.slice(0, 4) }],
      [
        { ids: SIX.slice(3), added: 6 },
        { ids: SIX.slice(1, 4), added: 4 },
      ],
    ] as const) {
      const position = StreamPosition.from('start', infoOf(before));
      read(position, infoOf(before), before.ids);
      read(position, infoOf(before), []);
      expect(position.check(infoOf(after))).toBe('unknown');
      expect(position.id).toBe('4-0');
    }
  });

  it('receives no entry twice that it had before it knew of the new stream', () => {
    const position = StreamPosition.from('start', infoOf({ ids: ['5-0', '5-1'] }));
    read(position, infoOf({ ids: ['5-0', '5-1'] }), ['5-0', '5-1']);
    read(position, infoOf({ ids: ['5-0', '5-1'] }), []);
    read(position, infoOf({ ids: ['5-0', '5-1'] }), ['5-2'], true, 'new');
    expect(position.check(infoOf({ ids: ['5-0', '5-1', '5-2'], mark: 'new' }))).toBe('unknown');
    expect(position.id).toBe('0-0');
    const again = entriesOf(['5-0', '5-1', '5-2'], 'new');
    expect(again.filter(({ id, message }) => position.hasReceived(id, message)).map(({ id }) => id)).toEqual([
      '5-2',
    ]);
  });

  it('tells the deletion of a stream once', () => {
    const position = StreamPosition.from('start', infoOf({ ids: SIX }));
    expect([position.check(undefined), position.check(undefined)]).toEqual(['unknown', 0]);
    expect(StreamPosition.from('new', undefined).check(undefined)).toBe(0);
  });

  it('has no numbers from Redis 6', () => {
    const position = StreamPosition.from('start', oldInfoOf({ ids: SIX }));
    expect(read(position, oldInfoOf({ ids: SIX }), ['1-0'], false)).toEqual([0, 0]);
    expect(read(position, oldInfoOf({ ids: ['5-0', '6-0'] }), ['5-0', '6-0'])).toEqual(['unknown', 0]);
    expect(read(position, oldInfoOf({ ids: ['5-0', '6-0'] }), [])).toEqual([0, 0]);
  });
});
