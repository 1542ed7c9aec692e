import { MessageFrame } from '../../../lib/reader/message-frame.js';
import { table } from '../../support/table.js';
import { TYPES } from './decoder-scene.js';
import { aggregate, bytesOf, message, type Resp } from './frames.js';

/** Returns the parts of a message, or undefined if the frame is none. */
function partsOf(chunk: Buffer, start = 0) {
  const frame = new MessageFrame();
  if (!frame.read(chunk, start)) return undefined;
  const text = (from: number, to: number) => chunk.toString('latin1', from, to);
  return {
    isArray: frame.isArray,
    registry: frame.registry,
    name: text(frame.nameStart, frame.nameEnd),
    channel: text(frame.channelStart, frame.channelEnd),
    data: text(frame.dataStart, frame.dataEnd),
    end: frame.end,
  };
}

describe('MessageFrame', () => {
  const cases = TYPES.flatMap((registry) =>
    ([2, 3] as const).flatMap((resp) =>
      [
        ['', ''],
        ['news', 'hello'],
        ['\r\n', '$1\r\na\r\n'],
        ['long name '.repeat(20), 'x'.repeat(5_000)],
      ].map(([name, data]) => ({ registry, resp, name: name!, data: data! })),
    ),
  );

  it.each(cases)('reads a message of $registry on RESP$resp: $name', ({ registry, resp, name, data }) => {
    const bytes = message(resp, registry, name, data, 'via');
    const channel = registry === 'PATTERNS' ? 'via' : name;
    const expected = { isArray: resp === 2, registry, name, channel, data };
    expect(partsOf(bytes)).toEqual({ ...expected, end: bytes.length });
    expect(partsOf(bytesOf('..', bytes, '>'), 2)).toEqual({ ...expected, end: bytes.length + 2 });
  });

  it.each(TYPES)('reads no message of %s that is cut', (registry) => {
    const bytes = message(3, registry, 'news', 'hello world');
    for (let length = 0; length < bytes.length; length++)
      expect(partsOf(bytes.subarray(0, length))).toBeUndefined();
  });

  it.each(TYPES)('reads no message of %s with another byte in it', (registry) => {
    const bytes = message(3, registry, 'news', 'hello', 'a channel');
    const contents = ['news', 'hello', ...(registry === 'PATTERNS' ? ['a channel'] : [])];
    const isContent = (at: number) =>
      contents.some((content) => {
        const start = bytes.indexOf(`\n${content}\r`) + 1;
        return at >= start && at < start + content.length;
      });
    for (let at = 0; at < bytes.length; at++) {
      if (isContent(at)) continue;
      for (const byte of [0, 32, 120, bytes[at]! ^ 128]) {
        const damaged = Buffer.from(bytes);
        damaged[at] = byte;
        expect([at, byte, partsOf(damaged)]).toEqual([at, byte, undefined]);
      }
    }
  });

  it.each(
    table<'what' | 'frame'>(`
      what                   | frame
      another push           | >2 hello world
      a subscribe            | >3 subscribe news :1
      an item too many       | >4 message news hello more
      an item too few        | >2 message news
      a pattern's message    | >3 pmessage * news
      a pattern's, too long  | >5 pmessage * news hello more
      a sharded, too long    | >4 smessage news hello more
      another type           | ~3 message news hello
      another word           | >3 messages news hello
      a word of the length   | >3 massage news hello
      an initial too many    | >3 xmessage news hello
      a number as payload    | >3 message news :1
    `),
  )('reads no message from $what', ({ frame }) => {
    const [head, ...words] = frame.split(' ') as [string, ...string[]];
    const items = words.map((word) => (word.startsWith(':') ? Number(word.slice(1)) : word));
    expect(partsOf(aggregate(head[0] as '>', ...items))).toBeUndefined();
  });

  it.each([
    '$-1\r\n',
    '*1\r\n$1\r\nk\r\n',
    '_\r\n',
    '+text\r\n',
    '$\r\n\r\n',
    '$0000000005\r\nhello\r\n',
    '$+5\r\nhello\r\n',
  ])('reads no message with the payload %j', (payload) => {
    const head = '>3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n';
    expect(partsOf(bytesOf(head, payload, '+padding\r\n'.repeat(10)))).toBeUndefined();
    expect(partsOf(bytesOf(head, '$5\r\nhello\r\n'))).toBeDefined();
  });

  it.each<Resp>([2, 3])('reads no name that is null, on RESP%i', (resp) => {
    const bytes = message(resp, 'CHANNELS', 'news', 'hello').toString().replace('$4\r\nnews', '$-1');
    expect(partsOf(bytesOf(bytes, 'padding'))).toBeUndefined();
  });
});
