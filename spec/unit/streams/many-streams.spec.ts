import type { BlockingConnection } from '../../../lib/groups/blocking-connection.js';
import { BlockingTail as GroupTail } from '../../../lib/groups/blocking-tail.js';
import type { GroupConnection } from '../../../lib/groups/group-connection.js';
import type { LogRequest } from '../../../lib/recovery/log-connection.js';
import type { SharedConnection } from '../../../lib/recovery/shared-connection.js';
import { BlockingTail } from '../../../lib/streams/blocking-tail.js';
import { StreamRequests } from '../../../lib/streams/stream-requests.js';

/** A connection that replies when the test says so, that nothing was found. */
class Replies {
  readonly isVirtual = false;
  readonly isPatient = false;
  #requests: LogRequest<readonly never[]>[] = [];

  get waiting(): number {
    return this.#requests.length;
  }

  isSilentFor(): boolean {
    return false;
  }

  send(_command: unknown, request: LogRequest<readonly never[]>): void {
    this.#requests.push(request);
  }

  reply(): void {
    for (const { onReply } of this.#requests.splice(0)) onReply([]);
  }
}

function streams(blocking: Replies, beside: Replies) {
  const tail = new BlockingTail(
    blocking as unknown as SharedConnection,
    new StreamRequests(beside as unknown as SharedConnection),
  );
  return (key: string) =>
    tail.join({ key, lastId: '0-0', count: 1, heartbeat: 0, onEntries: () => undefined } as never);
}

function groups(blocking: Replies, beside: Replies) {
  const tail = new GroupTail({
    group: 'workers',
    consumer: 'one',
    binary: false,
    connection: { hub: { connection: beside }, isSilentFor: () => false } as unknown as GroupConnection,
    blocking: blocking as unknown as BlockingConnection,
  });
  return (key: string) => tail.join({ key, last: '0-0', room: () => 1 } as never);
}

describe.each([
  ['streams', streams],
  ['streams of a group', groups],
])('many %s on one connection', (_what, tailOf) => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('are read after a pause, in which other streams join', async () => {
    const blocking = new Replies();
    const beside = new Replies();
    const join = tailOf(blocking, beside);
    for (let n = 0; n < 200; n++) join(String(n));
    await jest.advanceTimersByTimeAsync(0);
    beside.reply();
    blocking.reply();
    await jest.advanceTimersByTimeAsync(1);
    expect(blocking.waiting).toBe(0);
    join('other');
    await jest.advanceTimersByTimeAsync(1);
    expect(blocking.waiting).toBeGreaterThan(0);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(beside.waiting).toBe(0);
  });

  it('are read at once if they are few', async () => {
    const blocking = new Replies();
    const beside = new Replies();
    const join = tailOf(blocking, beside);
    for (let n = 0; n < 50; n++) join(String(n));
    await jest.advanceTimersByTimeAsync(0);
    beside.reply();
    blocking.reply();
    await jest.advanceTimersByTimeAsync(0);
    expect(blocking.waiting).toBeGreaterThan(0);
  });
});
