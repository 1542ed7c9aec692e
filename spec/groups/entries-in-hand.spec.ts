import { EntriesInHand, RETURNED } from '../../lib/groups/entries-in-hand.js';
import type { GroupKey } from '../../lib/groups/group-key.js';
import { until } from '../support/until.js';

describe('EntriesInHand', () => {
  it('refreshes the idle time again when the connection is lost meanwhile', async () => {
    const refreshed: string[][] = [];
    let losses = 1;
    const connection = {
      isPatient: true,
      send: (
        command: (client: object) => unknown,
        request: { onReply: (value: unknown) => void; onError: (error: Error) => void },
      ) => {
        if (losses-- > 0) return setImmediate(request.onError, new Error('Socket closed unexpectedly'));
        command({ xClaimJustId: (...[, , , , ids]: [0, 0, 0, 0, string[]]) => refreshed.push(ids) });
        return setImmediate(request.onReply, []);
      },
    };
    const of = { key: 'jobs', group: 'workers', consumer: 'one', connection } as unknown as GroupKey;
    const inHand = new EntriesInHand(of, 1_000);
    for (let n = 1; n <= 1_001; n++) inHand.add({ id: `${n}-0`, fields: {}, deliveries: 1 });
    inHand.refresh();
    await until(() => refreshed.flat().length === 1_001);
    expect(refreshed.map(({ length }) => length)).toEqual([1_000, 1]);
    inHand.giveUp();
  });

  it('gives old entries back only if no other consumer claims them meanwhile, and none that it has no more', () => {
    const claims: unknown[][] = [];
    const client = {
      xPendingRange: () => [
        { id: '1-0', millisecondsSinceLastDelivery: 500 },
        { id: '3-0', millisecondsSinceLastDelivery: 499 },
      ],
      xClaimJustId: (...[, , consumer, minIdle, ids]: unknown[]) => claims.push([consumer, minIdle, ids]),
    };
    const connection = {
      send: (command: (of: object) => unknown, { onReply }: { onReply: (value: unknown) => void }) =>
        onReply(command(client)),
    };
    const of = { key: 'jobs', group: 'workers', consumer: 'one', connection } as unknown as GroupKey;
    const inHand = new EntriesInHand(of, 1_000);
    const entries = [3, 2, 1].map((n) => ({ id: `${n}-0`, fields: {}, deliveries: 1 }));
    for (const entry of entries) inHand.add(entry);
    inHand.giveBack(entries);
    expect(claims).toEqual([
      [RETURNED, 0, ['3-0']],
      [RETURNED, 500, ['1-0']],
    ]);
    expect(inHand.size).toBe(0);
  });
});
