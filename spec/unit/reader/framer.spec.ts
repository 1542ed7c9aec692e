import { Framer } from '../../../lib/reader/framer.js';
import { bytesOf } from './frames.js';

/** Frames of each type, and nested ones. */
const FRAMES = [
  '+OK\r\n',
  '+\r\n',
  '-ERR no\r\n',
  ':1\r\n',
  ':-12\r\n',
  ':+3\r\n',
  '(12345678901234567890\r\n',
  ',1.5\r\n',
  ',-1e-300\r\n',
  ',+2\r\n',
  ',\r\n',
  ',-\r\n',
  ',inf\r\n',
  ',-inf\r\n',
  ',+inf\r\n',
  ',nan\r\n',
  ',-nan\r\n',
  '#t\r\n',
  '#f\r\n',
  '_\r\n',
  '$-1\r\n',
  '$0\r\n\r\n',
  '$5\r\na\r\nbc\r\n',
  '$01\r\na\r\n',
  '=4\r\ntxt:\r\n',
  '=7\r\ntxt:\r\n\r\r\n',
  '!5\r\nERR x\r\n',
  '*-1\r\n',
  '*0\r\n',
  '*2\r\n:1\r\n*1\r\n$1\r\na\r\n',
  '*2\r\n*0\r\n*-1\r\n',
  '~2\r\n+a\r\n_\r\n',
  '%0\r\n',
  '%2\r\n+a\r\n%1\r\n+b\r\n#t\r\n$1\r\nc\r\n,1\r\n',
  '>3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\n\r\n\r\n',
  '>2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n',
  '>0\r\n',
];

describe('Framer', () => {
  it.each(FRAMES)('finds the end of %j, whole and cut at each byte', (text) => {
    const bytes = bytesOf(text);
    for (let cut = 0; cut < bytes.length; cut++) {
      const framer = new Framer();
      const chunk = bytesOf('..', bytes.subarray(0, cut));
      expect([framer.read(chunk, 2), framer.isLost]).toEqual([chunk.length, false]);
      expect(framer.isBetweenFrames).toBe(false);
      expect(framer.read(bytesOf(bytes.subarray(cut), '+next\r\n'), 0)).toBe(bytes.length - cut);
      expect([framer.isBetweenFrames, framer.isLost]).toEqual([true, false]);
    }
  });

  it.each(FRAMES)('finds the end of %j, one byte at a time', (text) => {
    const framer = new Framer();
    const bytes = bytesOf(text);
    for (let at = 0; at < bytes.length; at++) {
      expect(framer.read(bytes.subarray(at, at + 1), 0)).toBe(1);
      expect(framer.isBetweenFrames).toBe(at === bytes.length - 1);
    }
    expect(framer.isLost).toBe(false);
  });

  it.each([
    'x',
    '\n',
    '|',
    '+OK\rX',
    ':1\rX',
    '#x',
    '#tX',
    '_X',
    '_\rX',
    ',infX',
    ',ix',
    ',nx',
    ',-ix',
    '$x',
    '$\r',
    '$1x',
    '$1\rx',
    '$-2',
    '$-1\rx',
    '$1\r\naX',
    '$1\r\na\rX',
    '$?',
    '$0000000000000001',
    '=3\r\n',
    '=-',
    '!-',
    '~-',
    '%-',
    '>-',
    '*4294967296\r\n',
    '*1\r\n>',
    '*1\r\n|',
    '>1\r\n>',
  ])('is lost at the last byte of %j, and not before', (text) => {
    const framer = new Framer();
    const bytes = bytesOf(text);
    expect([framer.read(bytes.subarray(0, -1), 0), framer.isLost]).toEqual([bytes.length - 1, false]);
    expect([framer.read(bytes.subarray(-1), 0), framer.isLost]).toEqual([1, true]);
    expect(framer.read(bytesOf('\r\n+OK\r\n'), 0)).toBe(7);
  });

  it('expects a frame again after its reset', () => {
    const framer = new Framer();
    for (const text of ['*2\r\n$3\r\nab', 'x']) {
      framer.read(bytesOf(text), 0);
      framer.reset();
      expect([framer.isBetweenFrames, framer.isLost]).toEqual([true, false]);
      expect(framer.read(bytesOf('>1\r\n:1\r\n+'), 0)).toBe(8);
    }
  });

  it('keeps no bytes of a string that is announced with 512 MB', () => {
    const framer = new Framer();
    const chunk = Buffer.alloc(64 * 1024, 'x');
    framer.read(bytesOf('$536870912\r\n'), 0);
    for (let left = 536_870_912; left > 0; left -= chunk.length)
      expect(framer.read(chunk, 0)).toBe(chunk.length);
    expect(framer.read(bytesOf('\r\n+OK\r\n'), 0)).toBe(2);
  });
});
