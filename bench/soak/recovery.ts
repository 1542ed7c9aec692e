import { Receiver, recoverable } from 'rx-redis-receiver';
import { CAPACITY, NAMES, soak, TICK } from './overload.js';

// Recoverable Channels under ten-fold overload and a hundred faults: every message has to arrive, in order, and none twice.

await soak({
  async open(url) {
    const receiver = await Receiver.open(
      { url, socket: { reconnectStrategy: () => TICK } },
      { capacity: CAPACITY, overflow: 'replay' },
    );
    for (const name of NAMES) receiver.channel(name, { recover: {} });
    return [receiver];
  },
  publisher(admin) {
    const publisher = recoverable(admin, { keep: 10_000_000 });
    return (name, number) => publisher.publish(name, number);
  },
  streamOf: (name) => ({ key: `log:{${name}}`, field: 'd' }),
  reading: /^(xrange|xinfo\|stream)$/,
  isShared: false,
});
