import { Receiver } from 'rx-redis-receiver';
import { CAPACITY, NAMES, soak, TICK } from './overload.js';

// Two consumers of a group under ten-fold overload and a hundred faults: every entry has to be handled, and acknowledged.

const GROUP = 'workers';

await soak({
  open: (url) => Promise.all([consumer(url), consumer(url)]),
  publisher: (admin) => (name, number) => admin.xAdd(name, '*', { n: number }),
  streamOf: (name) => ({ key: name, field: 'n' }),
  reading: /^(xreadgroup|xack|xclaim|xautoclaim|xpending)$/,
  isShared: true,
  async rest(admin) {
    for (const name of NAMES) {
      const [group] = await admin.xInfoGroups(name);
      if (group?.pending !== 0 || group.lag !== 0)
        return `${name}: ${group?.pending} entries are pending, and ${group?.lag} unread`;
    }
    return undefined;
  },
});

async function consumer(url: string): Promise<Receiver> {
  const receiver = await Receiver.open(
    { url, socket: { reconnectStrategy: () => TICK } },
    { capacity: CAPACITY },
  );
  for (const name of NAMES) receiver.stream(name, { group: GROUP, field: 'n', claimAfter: 5_000 });
  return receiver;
}
