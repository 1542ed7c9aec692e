import { LogFollower } from '../../../lib/recovery/log-follower.js';
import { followSource, type RecoverableCore } from '../../../lib/channel/followed-core.js';
import type { ChannelOwner } from '../../../lib/channel/channel-owner.js';
import { currentFlow, type Flow } from '../../../lib/queue/flow.js';
import { HeldMessages } from '../../../lib/recovery/held-messages.js';
import { LogRequests } from '../../../lib/recovery/log-requests.js';
import type { LogRequest } from '../../../lib/recovery/log-connection.js';
import type { LogReader } from '../../../lib/recovery/log-reader.js';
import type { LoggedMessage } from '../../../lib/log/envelope.js';
import type { LogId } from '../../../lib/log/log-id.js';

const HOLDER = {};

function entryOf(number: number): LoggedMessage {
  return {
    id: { epoch: 1, number },
    idText: `1-${number}`,
    nonce: String(number),
    payload: Buffer.from(String(number)),
    channel: undefined,
    rawChannel: undefined,
  };
}

/** A follower of a log with these numbers, whose consumer holds its flow after each message. */
function heldAfterEach(...numbers: number[]) {
  const received: number[] = [];
  const waiting: (() => void)[] = [];
  const gaps: unknown[] = [];
  const renewals: number[] = [];
  const log = numbers.map(entryOf);
  let flow: Flow | undefined;
  const core = {
    name: 'news',
    isMerged: true,
    ownRoom: () => Infinity,
    deliver(data: string) {
      received.push(Number(data));
      flow = currentFlow();
      flow?.hold(HOLDER);
    },
  } as unknown as RecoverableCore;
  const owner = {
    bounds: { overflow: 'replay' },
    stream: {
      counts: { recovered: 0 },
      roomFor: () => Infinity,
      whenRoom: (resume: () => void) => void waiting.push(resume),
    },
    emit: () => undefined,
    onMissed: (_core: unknown, gap: unknown) => void gaps.push(gap),
  } as unknown as ChannelOwner<RecoverableCore>;
  const reader = {
    join: () => undefined,
    leave: () => undefined,
    renew: () => renewals.push(log.length),
    read: (_log: string, from: string, count: number, { onReply }: LogRequest<readonly LoggedMessage[]>) => {
      const last = Number(from.split('-')[1]);
      onReply(log.filter(({ id }) => id.number >= last + Number(from.startsWith('('))).slice(0, count));
    },
    readLast: (_log: string, { onReply }: LogRequest<LogId | undefined>) => onReply(log.at(-1)?.id),
  } as unknown as LogReader;
  const options = { log: 'log', from: 'start' };
  const follower = followSource(core, owner, {
    options,
    follow: (channel) => new LogFollower(channel, options, reader),
  });
  follower.start(
    () => follower.onSubscribed(),
    () => undefined,
  );
  return { received, waiting, gaps, renewals, log, follower, release: () => flow?.release(HOLDER) };
}

describe('a follower of a log', () => {
  it('waits in the line of the Receiver once, however often an operator holds it', () => {
    const held = heldAfterEach(...Array.from({ length: 20 }, (_, index) => index + 1));
    while (held.received.length < 20) held.release();
    expect(held.received).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    expect(held.waiting.length).toBeLessThanOrEqual(1);
  });

  it("counts what is lost after the first round, also with from: 'start'", () => {
    const held = heldAfterEach();
    held.log.push(entryOf(3));
    held.follower.receive?.('\0rx1 1-3 3\n3', 'news', undefined);
    expect(held.received).toEqual([3]);
    expect(held.gaps).toMatchObject([{ dropped: 2 }]);
  });

  it('reads with a new connection after an outage, and notes that the log has another message at its place', () => {
    const held = heldAfterEach(1, 2);
    while (held.received.length < 2) held.release();
    held.release();
    held.log[1] = { ...held.log[1]!, nonce: 'other' };
    held.log.push(entryOf(3));
    held.follower.refill(5);
    expect(held.received).toEqual([1, 2, 3]);
    expect(held.gaps).toEqual([{ since: 5 }]);
    expect(held.renewals).toHaveLength(1);
  });
});

describe('the requests for a log', () => {
  afterEach(() => jest.useRealTimers());

  it('replace a connection that does not reply', () => {
    jest.useFakeTimers();
    const renew = jest.fn();
    const reader = { readLast: () => undefined, isSilentFor: () => true, renew } as unknown as LogReader;
    new LogRequests(reader, 'log', () => undefined).readLast(() => undefined);
    jest.advanceTimersByTime(4_999);
    expect(renew).not.toHaveBeenCalled();
    jest.advanceTimersByTime(1);
    expect(renew).toHaveBeenCalledTimes(1);
  });

  it('wait while the connection brings other replies', () => {
    jest.useFakeTimers();
    const renew = jest.fn();
    let heardAt = 0;
    const isSilentFor = (milliseconds: number) => Date.now() - heardAt >= milliseconds;
    const reader = { readLast: () => undefined, isSilentFor, renew } as unknown as LogReader;
    new LogRequests(reader, 'log', () => undefined).readLast(() => undefined);
    for (let reply = 0; reply < 10; reply++) {
      heardAt = Date.now();
      jest.advanceTimersByTime(4_000);
    }
    expect(renew).not.toHaveBeenCalled();
    jest.advanceTimersByTime(5_000);
    expect(renew).toHaveBeenCalledTimes(1);
  });
});

describe('the messages that wait for the log', () => {
  it('drop the first ones beyond their bounds, and say so', () => {
    const held = new HeldMessages();
    const message = (number: number, payload = '') => ({
      id: { epoch: 1, number },
      idText: `1-${number}`,
      nonce: String(number),
      channel: 'news',
      rawChannel: undefined,
      payload,
    });
    for (let number = 1; number <= 1_024; number++) expect(held.push(message(number))).toBe(true);
    expect(held.push(message(1_025))).toBe(false);
    expect(held.first?.id.number).toBe(2);
    expect(held.push(message(1_026, 'x'.repeat(2 * 1024 * 1024)))).toBe(false);
    expect(held.first?.id.number).toBe(1_026);
  });
});
