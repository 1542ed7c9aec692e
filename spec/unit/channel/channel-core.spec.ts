import { Observable } from 'rxjs';
import type { Message } from '../../../lib/channel.js';
import { bytes, json, text } from '../../../lib/codec/codec.js';
import { listOf, table } from '../../support/table.js';
import { CoreScene } from './core-scene.js';

/** Each row: the events before, an event, the calls of the hub, those of the Receiver, and what the observers get. */
function rules(text: string): void {
  it.each(table<'before' | 'event' | 'hub' | 'receiver' | 'received'>(text))(
    '$before: $event → $hub',
    async ({ before, event, hub, receiver, received }) => {
      const scene = new CoreScene();
      await scene.prepare(listOf(before));
      await scene.apply(event);
      expect({
        hub: scene.hub.join(', '),
        receiver: scene.owner.join(', '),
        received: scene.received.join(', '),
      }).toEqual({ hub, receiver, received });
    },
  );
}

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

describe('ChannelCore', () => {
  describe('subscribes while it has observers or the Receiver is connected', () => {
    rules(`
      before                                    | event      | hub            | receiver | received
                                                | x observes | watch, attach  | observed |
      x observes                                | y observes |                |          |
      x observes, y observes                    | x leaves   |                |          |
      x observes                                | x leaves   |                |          |
      x observes, x leaves                      | turn ends  | detach at-once | deserted |
      x observes, x leaves                      | x observes | update         | observed |
      x observes, x leaves, turn ends           | x observes | attach         | observed |
      x observes, x leaves, turn ends, released | x observes | watch, attach  | observed |
                                                | merged     | watch, attach  |          |
      merged                                    | x observes | update         | observed |
      merged                                    | unmerged   | detach at-once |          |
      merged, x observes                        | unmerged   | update         |          |
      merged, x observes, x leaves              | turn ends  | update         | deserted |
    `);
  });

  describe('reports each change of its subscription once', () => {
    rules(`
      before                                                    | event        | hub            | receiver                            | received
      x observes                                                | acknowledged |                | subscribed, <subscribed>            |
      x observes, acknowledged                                  | acknowledged |                |                                     |
      x observes, acknowledged                                  | interrupted  |                | interrupted                         |
      x observes                                                | interrupted  |                |                                     |
      x observes, acknowledged, interrupted                     | acknowledged |                | subscribed                          |
      x observes, acknowledged, x leaves, turn ends             | released     | unwatch        | <unsubscribed>, released            |
      x observes, x leaves, turn ends                           | released     | unwatch        | released                            |
      x observes                                                | released     |                |                                     |
      x observes, acknowledged, x leaves, turn ends, x observes | replaced     |                | <unsubscribed>                      |
      x observes, acknowledged, x leaves, turn ends, x observes | acknowledged |                | subscribed                          |
      x observes                                                | refused      | unwatch        | released, <channel-error>           | x: SubscribeError
      merged                                                    | refused      | unwatch        | released, <channel-error>, refused  |
      merged, refused, x observes, x leaves                     | turn ends    | detach at-once | deserted                            |
      hub not open                                              | x observes   |                | released, <channel-error>, observed | x: SubscribeError
    `);
  });

  describe('hands a message to its observers and to the Receiver', () => {
    rules(`
      before                           | event   | hub                          | receiver                | received
      x observes                       | message |                              |                         | x: m
      merged                           | message |                              |                         | receiver: m
      merged, x observes               | message |                              |                         | x: m, receiver: m
      merged, unmerged                 | message |                              |                         |
      merged, drain                    | message |                              |                         | receiver: m
      merged, close                    | message |                              | <late>                  |
      x observes, close                | message |                              | <late>                  |
      merged, forgotten                | message |                              |                         | receiver: m
      merged, forgotten, receiver ends | message |                              | <late>                  |
      merged, x observes, x will close | message | deliver held, detach at-once | closing, closed, <late> | x: m, x: complete
    `);
  });

  describe('ends with close()', () => {
    rules(`
      before                           | event      | hub                          | receiver                  | received
                                       | close      |                              | closing, released, closed | close resolved
      x observes                       | close      | deliver held, detach at-once | closing, closed           | x: complete
      x observes, close                | released   | unwatch                      | released                  | close resolved
      x observes, close                | close      |                              |                           |
      x observes, close                | y observes |                              |                           | y: complete
      x observes, y observes, x leaves | close      |                              |                           | close resolved
      x observes, ask                  | close      | deliver held, detach at-once | closing, closed           | x: complete, ChannelClosedError
      merged, drain                    | close      |                              | closing, closed           |
    `);
  });

  describe('leaves with a drain', () => {
    rules(`
      before            | event      | hub             | receiver | received
                        | drain      |                 |          | drained
      x observes        | drain      | detach draining |          |
      x observes, drain | message    |                 |          | x: m
      x observes, drain | released   | unwatch         | released | drained
      x observes, drain | y observes |                 |          |
      x observes, drain | unmerged   |                 |          |
    `);
  });

  describe('ends with its client', () => {
    rules(`
      before                    | event         | hub     | receiver                                    | received
      x observes                | client closed | unwatch | released, client-ended                      | x: complete
      x observes                | client lost   | unwatch | released, client-ended: ConnectionLostError | x: ConnectionLostError
      x observes, ask           | client lost   | unwatch | released, client-ended: ConnectionLostError | x: ConnectionLostError, ChannelClosedError
      x observes, client lost   | y observes    |         |                                             | y: ConnectionLostError
      x observes, client closed | y observes    |         |                                             | y: complete
      x observes, close         | client lost   | unwatch | released                                    | close resolved
    `);
  });

  describe('is observed again after the Receiver has forgotten it, unless the Receiver has ended', () => {
    rules(`
      before                   | event      | hub           | receiver | received
      forgotten                | x observes | watch, attach | observed |
      forgotten, receiver ends | x observes |               |          | x: ConnectionLostError
    `);
  });
});

describe('ChannelCore.whenSubscribed()', () => {
  rules(`
    before                   | event        | hub     | receiver                  | received
                             | ask          |         |                           |
    x observes               | ask          |         |                           |
    x observes, ask          | acknowledged |         | subscribed, <subscribed>  | resolved
    x observes, ask          | refused      | unwatch | released, <channel-error> | x: SubscribeError, SubscribeError
    x observes, acknowledged | ask          | verify  |                           | resolved
    x observes, refused      | ask          |         |                           | SubscribeError
    hub not open             | ask          |         |                           | SubscribeError
    close                    | ask          |         |                           | ChannelClosedError
    drain                    | ask          |         |                           | ChannelClosedError
    forgotten, receiver ends | ask          |         |                           | ChannelClosedError
  `);
});

describe('ChannelCore: a look from outside', () => {
  it.each(
    table<'before' | 'open' | 'attached' | 'deserted' | 'fastPath' | 'finalError'>(`
      before                        | open | attached | deserted | fastPath | finalError
                                    | yes  | no       | no       | no       |
      x observes                    | yes  | yes      | no       | no       |
      x observes, x leaves          | yes  | yes      | yes      | no       |
      kept, x observes, x leaves    | yes  | yes      | no       | no       |
      claimed, x observes, x leaves | yes  | yes      | yes      | no       |
      merged                        | yes  | yes      | no       | yes      |
      merged, x observes            | yes  | yes      | no       | no       |
      merged, drain                 | yes  | yes      | no       | no       |
      merged, drain, released       | yes  | no       | no       | no       |
      merged, close                 | no   | yes      | no       | no       |
      close                         | no   | no       | no       | no       |
      client lost                   | no   | no       | no       | no       | ConnectionLostError
      forgotten                     | yes  | no       | no       | no       |
      forgotten, receiver ends      | no   | no       | no       | no       | ConnectionLostError
      hub not open                  | yes  | no       | no       | no       | SubscribeError
    `),
  )('$before: open $open, attached $attached, deserted $deserted, fast path $fastPath', async (row) => {
    const scene = new CoreScene();
    await scene.prepare(listOf(row.before));
    const { core } = scene;
    expect(core.isOpen).toBe(row.open === 'yes');
    expect(core.isAttached).toBe(row.attached === 'yes');
    expect(core.isDeserted).toBe(row.deserted === 'yes');
    expect(core.fastPath !== undefined).toBe(row.fastPath === 'yes');
    expect(core.finalError?.name ?? '').toBe(row.finalError);
  });

  it.each(
    table<'before' | 'received' | 'delivered' | 'late'>(`
      before             | received | delivered | late
      x observes         | 1        | 1         | 0
      merged             | 0        | 0         | 0
      merged, x observes | 0        | 0         | 0
      merged, close      | 0        | 0         | 1
    `),
  )('$before: a message is counted here unless the Receiver counts it', async (row) => {
    const scene = new CoreScene();
    await scene.prepare(listOf(row.before));
    await scene.apply('message');
    expect(scene.counts).toMatchObject({
      received: Number(row.received),
      delivered: Number(row.delivered),
      late: Number(row.late),
    });
  });
});

describe('ChannelCore.receive()', () => {
  const RAW = Buffer.from('news');
  const BYTES = Buffer.from('m');

  it.each([
    { kind: 'channel', codec: text, data: 'm', raw: undefined, message: {}, isDecoded: true },
    { kind: 'shard', codec: text, data: 'm', raw: undefined, message: {}, isDecoded: true },
    { kind: 'pattern', codec: text, data: 'm', raw: undefined, message: { pattern: 'n*' }, isDecoded: true },
    { kind: 'channel', codec: bytes, data: BYTES, raw: RAW, message: { rawChannel: RAW }, isDecoded: true },
    { kind: 'channel', codec: json<string>(), data: 'm', raw: undefined, message: {}, isDecoded: false },
  ] as const)('hands on $data of a $kind with $message, decoded: $isDecoded', async (row) => {
    const name = row.kind === 'pattern' ? 'n*' : 'news';
    const scene = new CoreScene({ kind: row.kind, name, codec: row.codec as typeof text });
    await scene.prepare(['merged']);
    scene.core.receive(row.data, 'news', row.raw);
    const { channel: source } = scene.core;
    expect(scene.accepted).toEqual([
      [{ source, channel: 'news', data: row.data, ...row.message }, row.isDecoded],
    ]);
  });
});

describe('ChannelCore.observe()', () => {
  it('ignores an observer that has left already, and keeps the fast path open', async () => {
    const scene = new CoreScene();
    await scene.prepare(['merged']);
    new Observable<Message>((subscriber) => {
      subscriber.unsubscribe();
      scene.core.observe(subscriber);
    }).subscribe();
    expect([...scene.hub, ...scene.owner]).toEqual([]);
    expect(scene.core.fastPath).toBeDefined();
  });
});
