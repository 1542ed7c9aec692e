import { Receiver } from 'rx-redis-receiver';
import { CAPACITY, NAMES, soak, TICK } from './overload.js';

// Streams under ten-fold overload and a hundred faults: every entry has to arrive, in order, and none twice.

await soak({
  async open(url) {
    const receiver = await Receiver.open(
      { url, socket: { reconnectStrategy: () => TICK } },
      { capacity: CAPACITY },
    );
    for (const name of NAMES) receiver.stream(name, { from: 'start', field: 'n' });
    return [receiver];
  },
  publisher: (admin) => (name, number) => admin.xAdd(name, '*', { n: number }),
  streamOf: (name) => ({ key: name, field: 'n' }),
  reading: /^(xread|xinfo\|stream)$/,
  isShared: false,
});
