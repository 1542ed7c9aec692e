import type { FollowedChannel } from '../../../lib/recovery/followed-channel.js';
import type { LogRequest } from '../../../lib/recovery/log-connection.js';
import { StreamFollower } from '../../../lib/streams/stream-follower.js';
import type { StreamHub } from '../../../lib/streams/stream-hub.js';
import { streamInfo, type StreamInfo } from '../../../lib/streams/stream-info.js';
import type { StreamRead } from '../../../lib/streams/stream-requests.js';

type Reading = readonly [StreamInfo | undefined, StreamRead<unknown> | undefined];

/** A follower whose requests get their replies from the test. */
class FollowedStream {
  readonly delivered: string[] = [];
  readonly readings: LogRequest<Reading>[] = [];
  readonly follower: StreamFollower;

  constructor() {
    const nothing = () => undefined;
    const channel = {
      heartbeat: 0,
      binary: false,
      roomForEntries: () => Infinity,
      isFullForEntry: () => false,
      deliverEntry: ({ id }) => this.delivered.push(id),
      onMissed: nothing,
    } as Partial<FollowedChannel> as FollowedChannel;
    const requests = {
      info: (_key: string, _binary: boolean, request: LogRequest<StreamInfo | undefined>) =>
        request.onReply(undefined),
      infoAndEntries: (_reader: unknown, _options: unknown, request: LogRequest<Reading>) =>
        this.readings.push(request),
    };
    const connection = { isSilentFor: () => false, renew: nothing };
    const tail = { join: nothing, leave: nothing };
    const hub = { join: nothing, leave: nothing, connection, requests, tail } as unknown as StreamHub;
    this.follower = new StreamFollower(channel, hub, 'key', { from: 'start', field: undefined, batch: 100 });
    this.follower.start(nothing, nothing);
    this.follower.onSubscribed();
  }

  /** Replies to the reading that waits as Redis does to one that it executes after so many entries were added. */
  reply(added: number): void {
    const ids = Array.from({ length: added }, (_, index) => `${index + 1}-0`);
    const all = ids.map((id) => ({ id, message: {} }));
    const info = streamInfo({
      length: added,
      'entries-added': added,
      'last-generated-id': ids.at(-1) ?? '0-0',
      'max-deleted-entry-id': '0-0',
      'first-entry': all[0] ?? null,
      'last-entry': all.at(-1) ?? null,
    });
    const entries = all.filter(({ id }) => !this.delivered.includes(id));
    this.readings.shift()?.onReply([info, { reader: this.follower, entries, isEnd: true }]);
  }
}

describe('StreamFollower', () => {
  it('reads once more if it drains while a reading is on its way, which may be older than the last entry', () => {
    const stream = new FollowedStream();
    const onCaughtUp = jest.fn();
    stream.follower.whenCaughtUp(onCaughtUp);
    stream.reply(2);
    expect(onCaughtUp).not.toHaveBeenCalled();
    stream.reply(3);
    expect(stream.delivered).toEqual(['1-0', '2-0', '3-0']);
    expect(onCaughtUp).toHaveBeenCalledTimes(1);
    stream.follower.stop();
  });
});
