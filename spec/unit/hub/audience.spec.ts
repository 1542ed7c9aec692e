import { transition } from '../../../lib/outbox.js';
import { listOf, table } from '../../support/table.js';
import { AudienceScene } from './audience-scene.js';

describe('Audience', () => {
  describe('hands a message to the listeners that want the name, then to leaving, then to draining ones', () => {
    it.each(
      table<'script' | 'text' | 'buffer'>(`
        script                                                  | text  | buffer
                                                                |       |
        a joins                                                 | a     | a
        a joins, b joins                                        | a b   | a b
        a joins, a joins                                        | a     | a
        a joins, a is removed                                   |       |
        a joins, b joins, a is removed                          | b     | b
        a joins, b is removed                                   | a     | a
        bytes joins                                             |       | bytes
        bytes joins, a joins                                    | a     | bytes a
        a joins, a leaves                                       | a     | a
        a joins, a drains                                       | a     | a
        a joins, b joins, a leaves                              | b a   | b a
        a joins, b joins, c joins, a drains, b leaves           | c b a | c b a
        a joins, b joins, a drains, b leaves                    | b a   | b a
        a joins, a leaves, a joins                              | a     | a
        a joins, a leaves, a is removed                         | a     | a
        a joins, a leaves, release                              |       |
        a joins, a leaves, release drained                      | a     | a
        a joins, a drains, release                              | a     | a
        a joins, a drains, release drained                      |       |
        a joins, b joins, a drains, b drains, release drained a | b     | b
        a joins, b joins, c joins, b leaves, c drains, clear    |       |
      `),
    )('$script: a text reaches "$text"', ({ script, text, buffer }) => {
      const scene = new AudienceScene().run(listOf(script));
      expect(scene.hearing(false)).toBe(text);
      expect(scene.hearing(true)).toBe(buffer);
    });
  });

  describe('hands nothing to listeners that want the name while Redis may drop it', () => {
    it.each(
      table<'script' | 'text'>(`
        script                                               | text
        a joins, mode closing                                |
        mode closing, a joins                                |
        a joins, mode closing, mode text                     | a
        a joins, mode closing, mode other                    | a
        a joins, mode text, mode closing                     |
        a joins, b joins, a leaves, mode closing             | a
        a joins, b joins, a drains, mode closing             | a
        a joins, b joins, a leaves, b drains, mode closing   | a b
        a joins, a leaves, mode closing, a joins             |
        a joins, a leaves, mode closing, a joins, mode other | a
      `),
    )('$script: a text reaches "$text"', ({ script, text }) => {
      const scene = new AudienceScene().run(listOf(script));
      expect(scene.hearing(false)).toBe(text);
    });
  });

  describe('opens the fast path for a text whose only listener has one', () => {
    it.each(
      table<'script' | 'stream'>(`
        script                                                 | stream
        mode text                                              |
        a joins, mode text                                     | a
        mode text, a joins                                     | a
        coded joins, mode text                                 | coded, decodes
        plain joins, mode text                                 |
        bytes joins, mode text                                 |
        a joins                                                |
        a joins, mode text, mode other                         |
        a joins, mode text, mode closing                       |
        a joins, mode closing, mode text                       | a
        mode text, a joins, b joins                            |
        mode text, a joins, bytes joins                        |
        mode text, a joins, b joins, a is removed              | b
        mode text, a joins, b joins, a leaves                  |
        mode text, a joins, b joins, a drains                  |
        mode text, a joins, b joins, a leaves, release         | b
        mode text, a joins, b joins, a drains, release drained | b
        mode text, a joins, b joins, a leaves, b drains        |
        mode text, a joins, a leaves                           | a
        mode text, a joins, a drains                           | a
        mode text, a joins, a is removed                       |
        mode text, a joins, a leaves, release                  |
        mode text, a joins, a leaves, release, coded joins     | coded, decodes
        mode text, a joins, clear                              |
        mode text, a joins, a slows                            |
        mode text, a joins, text x, a slows                    | a
        mode text, a joins, text x, a slows, update            |
        mode text, a joins, text x, a slows, b joins, b is removed |
      `),
    )('$script → "$stream"', ({ script, stream }) => {
      const scene = new AudienceScene().run(listOf(script));
      expect(scene.fastPath()).toBe(stream);
    });
  });

  describe('releases each listener that has left once', () => {
    it.each(
      table<'script' | 'log'>(`
        script                                                  | log
        a joins, a leaves                                       |
        a joins, a drains                                       |
        a joins, release, release drained, release drained a    |
        a joins, a leaves, release                              | a released
        a joins, a leaves, release, release                     | a released
        a joins, a leaves, release drained                      |
        a joins, a drains, release                              |
        a joins, a drains, release drained                      | a released
        a joins, a drains, release drained, release drained     | a released
        a joins, a leaves, a joins, release                     |
        a joins, b joins, a leaves, b leaves, release           | a released, b released
        a joins, b joins, b drains, a drains, release drained   | b released, a released
        a joins, b joins, a drains, b drains, release drained b | b released
        a joins, b joins, a drains, release drained b           |
        a joins, b joins, c joins, b drains, c leaves, clear    | c released, b released, returned a
        a joins, a leaves, clear, clear                         | a released, returned, returned
      `),
    )('$script → $log', ({ script, log }) => {
      const scene = new AudienceScene().run(listOf(script));
      expect(scene.log.join(', ')).toBe(log);
    });
  });

  describe('tells a leaving listener that comes back while Redis may drop the name', () => {
    it.each(
      table<'script' | 'log'>(`
        script                                               | log
        a joins, a leaves, mode closing, a joins             | a replaced
        a joins, a leaves, mode closing, a joins, a joins    | a replaced
        a joins, a leaves, mode closing, a joins, release    | a replaced
        a joins, a leaves, mode closing, b joins             |
        a joins, mode closing, a joins                       |
        a joins, a leaves, a joins                           |
        a joins, a leaves, mode text, a joins                |
        a joins, a leaves, mode closing, mode other, a joins |
      `),
    )('$script → "$log"', ({ script, log }) => {
      const scene = new AudienceScene().run(listOf(script));
      expect(scene.log.join(', ')).toBe(log);
    });
  });

  describe('knows its listeners', () => {
    it.each(
      table<'script' | 'wanted' | 'buffers' | 'draining' | 'listeners'>(`
        script                                     | wanted | buffers | draining | listeners
                                                   | no     | no      | no       |
        a joins                                    | yes    | no      | no       | a
        bytes joins                                | yes    | yes     | no       | bytes
        a joins, bytes joins                       | yes    | yes     | no       | a bytes
        a joins, bytes joins, a is removed         | yes    | yes     | no       | bytes
        a joins, bytes joins, bytes leaves         | yes    | no      | no       | a
        bytes joins, bytes joins, bytes is removed | no     | no      | no       |
        bytes is removed, bytes joins              | yes    | yes     | no       | bytes
        a joins, a leaves                          | no     | no      | no       |
        a joins, a drains                          | no     | no      | yes      |
        a joins, b joins, a drains                 | yes    | no      | yes      | b
        a joins, a drains, release                 | no     | no      | yes      |
        a joins, a drains, release drained         | no     | no      | no       |
        bytes joins, b joins, b drains, clear      | no     | no      | no       |
        bytes joins, clear, a joins                | yes    | no      | no       | a
      `),
    )('$script: wanted $wanted, buffers $buffers, draining $draining', (row) => {
      const scene = new AudienceScene().run(listOf(row.script));
      const { audience } = scene;
      expect(audience.isWanted).toBe(row.wanted === 'yes');
      expect(audience.wantsBuffers).toBe(row.buffers === 'yes');
      expect(audience.isDraining).toBe(row.draining === 'yes');
      expect(scene.names(audience.listeners)).toBe(row.listeners);
      for (const name of ['a', 'b', 'bytes'])
        expect(audience.wants(scene.listener(name))).toBe(row.listeners.split(' ').includes(name));
    });
  });
});

describe('Audience: a change between messages, or inside a call', () => {
  it.each(
    table<'script' | 'log'>(`
      script                                                                                   | log
      a joins, text x, mode closing, text y, mode text, text z                                 | a x, a z
      a joins, b joins, a leaves, text x, when a released do text y, release                   | b x, a x, a released, b y
      a joins, when a x do b joins, text x, text y                                             | a x, a y, b y
      a joins, b joins, when a x do b is removed, text x, text y                               | a x, b x, a y
      a joins, b joins, when a x do a leaves, text x, text y                                   | a x, b x, b y, a y
      a joins, b joins, when a x do mode closing, text x, text y                               | a x, b x
      a joins, b joins, when a x do clear, text x, text y                                      | a x, returned a b, b x
      a joins, b joins, a leaves, b leaves, when a released do release, release                | a released, b released
      a joins, a leaves, when a released do a joins, release, text x                           | a released, a x
      a joins, a drains, when a released do a joins, release drained, text x                   | a released, a x
      a joins, a leaves, mode closing, when a replaced do b joins, a joins, mode other, text x | a replaced, b x, a x
    `),
  )('$script → $log', ({ script, log }) => {
    const scene = new AudienceScene().run(listOf(script));
    expect(scene.log.join(', ')).toBe(log);
  });

  it.each([1, 2, 15, 16, 17, 40])('does not disturb a delivery to %i listeners', (count) => {
    const names = Array.from({ length: count }, (_, index) => `listener${index}`);
    const scene = new AudienceScene().run(names.map((name) => `${name} joins`));
    const before = scene.audience.listeners;
    const changes = ['late joins', ...names.slice(1).map((name) => `${name} is removed`)];
    scene.run([...changes.map((change) => `when listener0 x do ${change}`), 'text x', 'text y']);
    expect(scene.log).toEqual([...names.map((name) => `${name} x`), 'listener0 y', 'late y']);
    expect(scene.names(before)).toBe(names.join(' '));
  });
});

describe('Audience: a transition', () => {
  it.each(
    table<'before' | 'step' | 'log'>(`
      before                          | step            | log
      a joins, a leaves               | release         | a released
      a joins, a drains               | release drained | a released
      a joins, a leaves, mode closing | a joins         | a replaced
    `),
  )('ends before "$log"', ({ before, step, log }) => {
    const scene = new AudienceScene().run(listOf(before));
    transition(() => {
      scene.run([step]);
      expect(scene.log).toEqual([]);
    });
    expect(scene.log).toEqual([log]);
  });
});

describe('Audience: a message', () => {
  const BYTES = Buffer.from('x');
  const NAME = Buffer.from('news');

  it.each([
    { listener: 'a', binary: false, sent: 'x', received: ['x', 'news', undefined] },
    { listener: 'a', binary: true, sent: BYTES, received: ['x', 'news', undefined] },
    { listener: 'bytes', binary: true, sent: BYTES, received: [BYTES, 'news', NAME] },
  ])('in binary mode $binary reaches $listener as $received', ({ listener, binary, sent, received }) => {
    const scene = new AudienceScene().run([`${listener} joins`]);
    const receive = jest.spyOn(scene.listener(listener), 'receive');
    scene.audience.deliver(sent, 'news', binary, binary ? NAME : undefined);
    expect(receive.mock.calls).toEqual([received]);
  });

  it.each([
    { pattern: undefined, raw: { channel: 'news', data: 'x' } },
    { pattern: 'n*', raw: { channel: 'news', pattern: 'n*', data: 'x' } },
    { pattern: '', raw: { channel: 'news', pattern: '', data: 'x' } },
  ])('of the pattern $pattern takes the fast path as $raw', ({ pattern, raw }) => {
    const scene = new AudienceScene(pattern).run(['a joins', 'mode text']);
    expect(scene.audience.deliverByFastPath('x', 'news')).toBe(true);
    const { channel: source } = scene.listener('a').fastPath!;
    expect(scene.accepted).toStrictEqual([[{ source, ...raw }, true]]);
  });
});
