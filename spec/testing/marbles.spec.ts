import { debounceTime, filter, map } from 'rxjs';
import { json, type Codec } from '../../lib/index.js';
import { marbles, type Marbles } from '../../lib/testing/index.js';

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

  it('acknowledges as the option says', () => {
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
  ])('throws if %s differ', (_what, test) => {
    expect(() => marbles(test)).toThrow();
  });

  it('compares with the given function', () => {
    const compared: unknown[] = [];
    marbles(({ cold, expectObservable }) => expectObservable(cold('-a')).toBe('-b'), {
      assertEqual: (actual) => void compared.push(actual),
    });
    expect(compared).toHaveLength(1);
  });

  it('throws the errors of the functions of a test', () => {
    const fail = () => {
      throw new Error('so bad');
    };
    expect(() => marbles(fail)).toThrow('so bad');
    expect(() => marbles(({ at }) => at('--x', fail))).toThrow('so bad');
    const codec: Codec<string> = { encode: fail, decode: String };
    expect(() => marbles(({ publish }) => publish('a', '-a'), { codec })).toThrow('so bad');
    expect(() =>
      marbles(({ receiver, publish }) => {
        publish('a', '-a');
        receiver.channel('a').subscribe(fail);
      }),
    ).toThrow('so bad');
  });

  it('runs subscriptions first within a frame, and then actions and messages in the order of their declaration', () => {
    marbles(({ receiver, redis, at, publish, expectData, expectObservable }) => {
      const done: string[] = [];
      publish('a', '    --a');
      at('              --x', () => void done.push(`published ${redis.publish('a', 'x')}`));
      publish('a', '    --b');
      expectData(receiver.channel('a'), '--^').toBe('--(axb)');
      at('              --x', () => expect(done).toEqual(['published 1']));
      expectObservable(redis.commands).toBe('--s', { s: 'SUBSCRIBE a' });
    });
  });

  it('acknowledges at the end of a frame', () => {
    marbles(
      ({ receiver, publish, expectData }) => {
        publish('a', '                     abcde');
        expectData(receiver.channel('a'), '-^---!').toBe('----e');
      },
      { acknowledge: 2 },
    );
  });

  it.each<[RegExp, (test: Marbles) => void]>([
    [/the name of a channel to be a string, got 1/, ({ publish }) => publish(1 as never, '-a')],
    [/the name of a shard to be a string, got an object/, ({ sPublish }) => sPublish({} as never, '-a')],
    [/the diagram to be letters .*, got 5/, ({ publish }) => publish('a', 5 as never)],
    [/the diagram to be letters .*, got "-#"/, ({ sPublish }) => sPublish('a', '-#')],
    [/the diagram to be letters .*, got undefined/, ({ at }) => at(undefined as never, () => undefined)],
    [/the action at a letter to be a function, got "x"/, ({ at }) => at('-a', 'x' as never)],
    [/the values to be an object .*, got null/, ({ publish }) => publish('a', '-a', null as never)],
    [/the value to be a string, got 5/, ({ publish }) => publish('a', '-a', { a: 5 as never })],
    [/the messages to be an Observable .*, got "a"/, ({ expectData }) => expectData('a' as never)],
    [/the kind to be 'channel', .*, got "x"/, ({ expectSubscribed }) => expectSubscribed('a', 'x' as never)],
    [/the name of a channel to be a string, got/, ({ expectSubscribed }) => expectSubscribed(3 as never)],
  ])('names the expected argument: %p', (message, test) => {
    expect(() => marbles(test)).toThrow(message);
  });

  it('names the expected test and options', () => {
    expect(() => marbles(undefined as never)).toThrow(/the test to be a function, got undefined/);
    expect(() => marbles(() => undefined, null as never)).toThrow(/the options to be an object, got null/);
    expect(() => marbles(() => undefined, { assertEqual: 1 as never })).toThrow(
      /'assertEqual' to be a function/,
    );
    expect(() => marbles(() => Promise.reject(new Error()) as never)).toThrow(
      /a marble test to be synchronous/,
    );
    expect(() => marbles(() => undefined, { capacity: 0 })).toThrow(/capacity/);
  });
});
