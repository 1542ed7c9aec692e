import fc from 'fast-check';
import { installPushReader, removePushReader } from '../../lib/reader/install.js';
import type { RegistryType } from '../../lib/reader/seam.js';
import { rounds } from '../support/rounds.js';
import {
  CLIENTS,
  DecoderScene,
  settled,
  TYPES,
  type Mode,
  type SceneOptions,
} from '../unit/reader/decoder-scene.js';
import { aggregate, bytesOf, message, pushOn, type Resp } from '../unit/reader/frames.js';

const SEED = Number(process.env.PROPERTY_SEED ?? 20_260_718);
const RUNS = rounds(1_200);
const PATIENCE = 60_000;

/** A part of what Redis sends, and what other code does about it. */
interface Part {
  frame(resp: Resp): Buffer;
  /** The options of the command that this part answers; undefined if it answers none. */
  readonly answers?: object;
}

interface Listening {
  readonly type: RegistryType;
  readonly name: string;
  readonly mode: Mode;
}

interface Damage {
  readonly at: number;
  readonly removed: number;
  readonly inserted: string;
}

interface Story {
  readonly isSubscriber: boolean;
  readonly listening: readonly Listening[];
  /** What a listener does that receives the payload `!` and the index. */
  readonly deeds: readonly Deed[];
  readonly parts: readonly Part[];
  /** The places of the cuts between chunks. */
  readonly cuts: readonly number[];
  readonly damage: readonly Damage[];
}

type Deed = Listening & {
  readonly verb: 'subscribe' | 'unsubscribe' | 'listen' | 'clear' | 'remove' | 'install';
};

const types = fc.constantFrom(...TYPES);
const modes = fc.constantFrom<Mode>('text', 'bytes');
const names = fc.constantFrom('a', 'b', 'ünï', '', '\r\n', 'message', '__redis__:invalidate', 'no listener');
const listening = fc.record({ type: types, name: names, mode: modes });

const payloads = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('', 'x', '\r\n', '$-1\r\n', 'snow ☃', 'x'.repeat(300)) },
  { weight: 2, arbitrary: fc.nat(5).map((index) => `!${index}`) },
  { weight: 1, arbitrary: fc.constant('throw') },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)) },
);

const messages = fc
  .record({ type: types, name: names, data: payloads, channel: names })
  .map(({ type, name, data, channel }): Part => ({
    frame: (resp) => message(resp, type, name, data, channel),
  }));

const mappings = fc.constantFrom<object>(
  {},
  { 36: Buffer },
  { 37: Map },
  { 36: Buffer, 43: Buffer, 126: Set },
  { 58: String },
);

/** Replies of all types, nested ones, and one that looks like a message. */
const replies = fc
  .record({
    frame: fc.oneof(
      fc.constantFrom(
        '+OK\r\n',
        '-ERR no\r\n',
        ':1\r\n',
        ':-12\r\n',
        '(123456789012345678901234567890\r\n',
        ',1.5\r\n',
        ',-2\r\n',
        ',1e300\r\n',
        ',inf\r\n',
        ',-inf\r\n',
        ',nan\r\n',
        '#t\r\n',
        '#f\r\n',
        '_\r\n',
        '$-1\r\n',
        '*-1\r\n',
        '$0\r\n\r\n',
        '*0\r\n',
        '%0\r\n',
        '~0\r\n',
        '=7\r\ntxt:abc\r\n',
        '=4\r\ntxt:\r\n',
        '!6\r\nERR no\r\n',
        '%2\r\n+a\r\n:1\r\n$1\r\nb\r\n*2\r\n_\r\n#f\r\n',
        '~2\r\n,2.25\r\n*1\r\n*0\r\n',
      ),
      fc.array(fc.oneof(payloads, fc.nat(1_000)), { maxLength: 3 }).map((items) => aggregate('*', ...items)),
      fc.constant(message(2, 'CHANNELS', 'a', 'a reply that looks like a message')),
      fc.constant(
        bytesOf('*2\r\n', message(2, 'CHANNELS', 'a', 'an item that looks like a message'), '_\r\n'),
      ),
    ),
    answers: mappings,
  })
  .map(({ frame, answers }): Part => ({ frame: () => bytesOf(frame), answers }));

/** Frames that are no messages, or messages of a form that Redis never sends. */
const others = fc
  .constantFrom<Part['frame']>(
    (resp) => pushOn(resp, 'hello', 'world'),
    () => bytesOf('>2\r\n$10\r\ninvalidate\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n'),
    () => bytesOf('>2\r\n$10\r\ninvalidate\r\n_\r\n'),
    () => bytesOf('>4\r\n+MOVING\r\n:1\r\n:30\r\n$14\r\n127.0.0.1:6380\r\n'),
    (resp) => pushOn(resp, 'sunsubscribe', 'a', 0),
    (resp) => pushOn(resp, 'subscribe', 'a', 1),
    (resp) => pushOn(resp, 'message', 'a', 'one', 'too many'),
    (resp) => pushOn(resp, 'message', 'a'),
    (resp) => pushOn(resp, 'pmessage', 'a', 'b'),
    () => bytesOf('>3\r\n+message\r\n$1\r\na\r\n$1\r\nb\r\n'),
    () => bytesOf('>3\r\n$7\r\nmessage\r\n$1\r\na\r\n$-1\r\n'),
    () => bytesOf('>3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n*1\r\n$1\r\nk\r\n'),
    () => bytesOf('>3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n_\r\n'),
    () => bytesOf('>3\r\n$7\r\nmessage\r\n$01\r\na\r\n$1\r\nb\r\n'),
    () => bytesOf('>0\r\n'),
  )
  .map((frame): Part => ({ frame }));

/** Frames that the client does not know. */
const unknown = fc
  .constantFrom('|1\r\n+ttl\r\n:5\r\n', '\n', '>-1\r\n', '*?\r\n', '$x\r\n', '$99x\r\n', '#\r\n')
  .map((text): Part => ({ frame: () => bytesOf(text) }));

const stories: fc.Arbitrary<Story> = fc.record({
  isSubscriber: fc.boolean(),
  listening: fc.array(listening, { minLength: 4, maxLength: 16 }),
  deeds: fc.array(
    fc.record({
      type: types,
      name: names,
      mode: modes,
      verb: fc.constantFrom('subscribe', 'unsubscribe', 'listen', 'clear', 'remove', 'install'),
    }),
    { maxLength: 6 },
  ),
  parts: fc.array(
    fc.oneof(
      { weight: 30, arbitrary: messages },
      { weight: 10, arbitrary: replies },
      { weight: 4, arbitrary: others },
      { weight: 2, arbitrary: unknown },
    ),
    { minLength: 3, maxLength: 20 },
  ),
  cuts: fc.oneof(
    fc.array(fc.nat(1_200), { maxLength: 6 }).map((cuts) => cuts.sort((one, other) => one - other)),
    fc
      .integer({ min: 1, max: 9 })
      .map((length) => Array.from({ length: 3_000 / length }, (_, index) => index * length)),
    fc
      .array(fc.oneof(fc.constantFrom(1, 2, 3), fc.integer({ min: 30, max: 200 })), { maxLength: 60 })
      .map((lengths) =>
        lengths.map((_, index) => lengths.slice(0, index + 1).reduce((sum, length) => sum + length)),
      ),
  ),
  damage: fc.oneof(
    { weight: 2, arbitrary: fc.constant([]) },
    {
      weight: 1,
      arbitrary: fc.array(
        fc.record({
          at: fc.nat(600),
          removed: fc.nat(3),
          inserted: fc.constantFrom('', '', '\r', '\n', '\r\n', '0', '9', '-', '>', '*', '$', 'x', '\r\nx'),
        }),
        { maxLength: 2 },
      ),
    },
  ),
});

/** Returns all that the user of a client notices. */
async function play(
  options: SceneOptions,
  reader: 'fast' | 'client',
  story: Story,
): Promise<readonly string[]> {
  const scene = new DecoderScene(options, reader);
  const install = reader === 'fast' ? installPushReader : () => undefined;
  if (story.isSubscriber) scene.subscribe('CHANNELS', 'first');
  for (const { type, name, mode } of story.listening) scene.listen(type, name, mode);
  const own = new Map(TYPES.map((type) => [type, scene.listener(type, 'text', ' own')]));
  const deeds: (Deed | undefined)[] = [...story.deeds];
  scene.onMessage = (data) => {
    if (data === 'throw') throw new Error('The listener threw.');
    // Once: a listener that adds a listener to its own name with each message would never come to an end.
    const deed = data.startsWith('!') ? deeds[Number(data.slice(1))] : undefined;
    if (!deed) return;
    deeds[Number(data.slice(1))] = undefined;
    const { verb, type, name, mode } = deed;
    if (verb === 'listen') scene.listen(type, name, mode, ' late');
    else if (verb === 'clear') scene.silence(type, name, mode);
    else if (verb === 'remove') removePushReader(scene.client);
    else if (verb === 'install') install(scene.client);
    else scene.request(verb, type, name, own.get(type)!, mode);
  };
  for (const { answers } of story.parts) if (answers) scene.command(['COMMAND'], { typeMapping: answers });
  const bytes = bytesFor(story, options.resp);
  let from = 0;
  for (const cut of [...story.cuts.filter((at) => at < bytes.length), bytes.length]) {
    if (cut > from) scene.read(bytes.subarray(from, cut));
    from = Math.max(from, cut);
    await Promise.resolve();
    scene.note('read to', from);
  }
  // Whole messages, each in a chunk of its own: the reader may take them only if the decoder is not within a frame.
  for (const { type, name } of story.listening) scene.read(message(options.resp, type, name, 'last'));
  await settled();
  // A new connection reads on from the beginning of a frame.
  scene.queue.flushAll(new Error('The connection is lost.'));
  scene.read(bytesOf(...story.listening.map(({ type, name }) => message(3, type, name, 'again'))));
  await settled();
  return scene.log;
}

function bytesFor({ parts, damage }: Story, resp: Resp): Buffer {
  return damage.reduce(
    (bytes, { at, removed, inserted }) =>
      bytesOf(bytes.subarray(0, at), inserted, bytes.subarray(at + removed)),
    bytesOf(...parts.map(({ frame }) => frame(resp))),
  );
}

/**
 * The head of a string whose length the client takes for a negative one. The client then goes back by as many bytes, beyond
 * the beginning of the frame, and may never come to an end.
 */
const NEGATIVE_LENGTH = /[$=!](?!-1\r)\d*[^\r0-\xff]|=0*[0-3]?\r/;

describe.each(CLIENTS)('the reader of pushes, on $version and RESP$resp,', (options) => {
  it(
    `calls listeners, answers commands and fails as the client alone does (seed ${SEED})`,
    () =>
      fc.assert(
        fc.asyncProperty(stories, async (story) => {
          fc.pre(!NEGATIVE_LENGTH.test(bytesFor(story, options.resp).toString('latin1')));
          expect(await play(options, 'fast', story)).toEqual(await play(options, 'client', story));
        }),
        { seed: SEED, numRuns: RUNS, interruptAfterTimeLimit: PATIENCE },
      ),
    2 * PATIENCE,
  );
});
