import { GapError, type Gap } from '../../../lib/index.js';
import { joinGaps } from '../../../lib/receiver/join-errors.js';

const gap = (since: number, dropped?: number): GapError => {
  const period: Gap = { cause: 'log', since, until: since + 1, channels: [] };
  return new GapError(dropped === undefined ? period : { ...period, dropped });
};

it.each([
  [1, 2, 3],
  [1, undefined, undefined],
  [undefined, 2, undefined],
])('joins the gaps of %p and %p missing messages to one of %p', (earlier, later, both) => {
  const joined = joinGaps(gap(10, earlier), gap(20, later)) as GapError;
  expect(joined.gap.dropped).toBe(both);
  expect([joined.gap.since, joined.gap.until]).toEqual([10, 21]);
});
