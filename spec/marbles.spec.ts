import { debounceTime, filter, map } from 'rxjs';
import { json } from '../lib/index.js';
import { marbles, type Marbles } from '../lib/testing/index.js';

describe('marbles()', () => {
  it('publishes, pipes and compares in virtual time', () => {
    marbles(({ receiver, publish, sPublish, expectObservable, expectData, expectSubscribed }) => {
      publish('sensor:1', '     -a-b-c', { a: '20', b: '99', c: '21' });
      sPublish('s', '           ----x-');
      const data = receiver.pattern('sensor:*').pipe(map((message) => Number(message.data)));
      expectObservable(data.pipe(filter((n) => n > 90))).toBe('---w', { w: 99 });
      expectData(receiver.shard('s').pipe(debounceTime(2)), '--^---!').toBe('------', {});
      expectData(receiver.shard('s'), '--^---!').toBe('----x-');
      expectSubscribed('s', 'shard').toBe('--^---!');
      expectSubscribed('sensor:*', 'pattern').toBe('^');
    });
  });

  it('encodes with the codec of the Receiver', () => {
    marbles<{ n: number }>(
      ({ receiver, publish, expectData }) => {
        publish('a', '                           -a-b', { a: { n: 1 }, b: { n: 2 } });
        expectData(receiver.channel('a')).toBe(' -a-b', { a: { n: 1 }, b: { n: 2 } });
      },
      { codec: json() },
    );
  });

  it('acknowledges as it is told', () => {
    marbles(
      ({ receiver, commands, publish, expectData, expectObservable, expectSubscribed }) => {
        publish('a', '                               aaaaaaaa');
        expectData(receiver.channel('a'), '          -^---!').toBe('----a---');
        expectObservable(commands).toBe('            -s---u', { s: 'SUBSCRIBE a', u: 'UNSUBSCRIBE a' });
        expectSubscribed('a').toBe('                 ---^---!');
      },
      { acknowledge: 2 },
    );
  });

  it.each<[string, (marbles: Marbles) => void]>([
    [
      'values',
      ({ receiver, publish, expectData }) => {
        publish('a', '-a');
        expectData(receiver.channel('a')).toBe('-b');
      },
    ],
    [
      'times',
      ({ receiver, publish, expectData }) => {
        publish('a', '-a');
        expectData(receiver.channel('a')).toBe('--a');
      },
    ],
    [
      'types',
      ({ receiver, publish, expectData }) => {
        publish('a', '-1');
        expectData(receiver.channel('a')).toBe('-a', { a: 1 });
      },
    ],
    [
      'subscriptions',
      ({ receiver, expectData, expectSubscribed }) => {
        expectData(receiver.channel('a'), '-^-!').toBe('----');
        expectSubscribed('a').toBe('-^--!');
      },
    ],
    ['errors', ({ cold, expectObservable }) => expectObservable(cold('-#')).toBe('-|')],
  ])('throws where %s differ', (_what, test) => {
    expect(() => marbles(test)).toThrow();
  });

  it('compares as it is told', () => {
    const compared: unknown[] = [];
    marbles(({ cold, expectObservable }) => expectObservable(cold('-a')).toBe('-b'), {
      assertEqual: (actual) => void compared.push(actual),
    });
    expect(compared).toHaveLength(1);
  });

  it('says what it wants', () => {
    expect(() => marbles(undefined as never)).toThrow(/the test to be a function, got undefined/);
    expect(() => marbles(() => undefined, { assertEqual: 1 as never })).toThrow(
      /'assertEqual' to be a function/,
    );
    expect(() => marbles((() => Promise.resolve()) as never)).toThrow(/a marble test to be synchronous/);
    expect(() => marbles(() => undefined, { capacity: 0 })).toThrow(/capacity/);
  });
});
