import { Acknowledgements } from '../../lib/groups/acknowledgements.js';
import type { GroupKey } from '../../lib/groups/group-key.js';
import { until } from '../support/until.js';

describe('Acknowledgements', () => {
  it('sends each id once, also one that is added while a reply is taken', async () => {
    const sent: string[][] = [];
    const acknowledged: string[] = [];
    const connection = {
      isPatient: true,
      send: (command: (client: object) => unknown, { onReply }: { onReply: (value: number) => void }) => {
        command({ xAck: (_key: string, _group: string, ids: string[]) => sent.push(ids) });
        setImmediate(onReply, 1);
      },
    };
    const acknowledgements = new Acknowledgements(
      { key: 'jobs', group: 'workers', connection } as unknown as GroupKey,
      (ids) => {
        acknowledged.push(...ids);
        if (ids.includes('1-0')) for (const id of ['2-0', '3-0']) acknowledgements.add(id);
      },
      () => undefined,
    );
    acknowledgements.add('1-0');
    await until(() => acknowledged.length >= 3);
    await new Promise<void>((resolve) => acknowledgements.whenFlushed(resolve));
    expect(sent).toEqual([['1-0'], ['2-0', '3-0']]);
  });
});
