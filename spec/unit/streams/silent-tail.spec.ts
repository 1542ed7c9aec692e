import type { SharedConnection } from '../../../lib/recovery/shared-connection.js';
import { BlockingTail } from '../../../lib/streams/blocking-tail.js';
import { PollingTail } from '../../../lib/streams/polling-tail.js';
import { StreamRequests } from '../../../lib/streams/stream-requests.js';
import type { Tail, TailUser } from '../../../lib/streams/tail.js';

/** A connection without replies. */
function silentConnection() {
  const renew = jest.fn();
  const nothing = () => undefined;
  const connection = { isVirtual: false, isSilentFor: () => true, renew, send: nothing, close: nothing };
  return { renew, connection: connection as unknown as SharedConnection };
}

describe.each<[string, (requests: StreamRequests) => Tail]>([
  ['a read that waits', (requests) => new BlockingTail(silentConnection().connection, requests)],
  ['a poll', (requests) => new PollingTail(requests, () => undefined)],
])('%s without a reply', (_what, tailOf) => {
  afterEach(() => jest.useRealTimers());

  it('stirs its users, which read on a new connection if the other one is silent, too', async () => {
    jest.useFakeTimers();
    const { renew, connection } = silentConnection();
    const onStirred = jest.fn();
    const user: Partial<TailUser> = { key: 'k', lastId: '0-0', count: 1, heartbeat: 0, onStirred };
    tailOf(new StreamRequests(connection)).join(user as TailUser);
    await jest.advanceTimersByTimeAsync(4_999);
    expect(renew).not.toHaveBeenCalled();
    await jest.advanceTimersByTimeAsync(1_000);
    expect(onStirred).toHaveBeenCalledTimes(1);
    expect(renew).toHaveBeenCalledTimes(1);
  });
});
