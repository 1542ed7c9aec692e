import { defer, NEVER, of, retry, Subject, throwError, type Observable } from 'rxjs';
import { iterate } from '../../../lib/operators/iterate.js';
import { mergeMapBounded } from '../../../lib/operators/merge-map-bounded.js';
import { acknowledgementOf, currentHandling, Handling, handlingOf } from '../../../lib/queue/handling.js';

/** A source of messages that are to be acknowledged. */
class Messages {
  readonly source = new Subject<string>();
  /** How the handlings have ended, in their order. */
  readonly outcomes: string[] = [];

  send(...messages: string[]): void {
    for (const message of messages) {
      const handling = new Handling((outcome) => this.outcomes.push(`${message} ${outcome}`));
      handling.deliver(() => this.source.next(message));
    }
  }
}

describe('Handling', () => {
  const noted = (outcomes: string[]) => new Handling((outcome) => outcomes.push(outcome));

  it('is over with the delivery if nobody keeps the message', () => {
    const outcomes: string[] = [];
    const handling = noted(outcomes);
    handling.deliver(() => expect(currentHandling()).toBe(handling));
    expect([currentHandling(), outcomes]).toEqual([undefined, ['handled']]);
  });

  it('is over when all parts have ended, with the worst outcome', () => {
    const outcomes: string[] = [];
    const handling = noted(outcomes);
    handling.deliver(() => void handling.begin().begin().begin());
    handling.end('failed');
    handling.end('abandoned');
    expect(outcomes).toEqual([]);
    handling.end('handled');
    expect(outcomes).toEqual(['failed']);
  });

  it('is abandoned if an observer leaves during the delivery and nobody keeps the message', () => {
    const outcomes: string[] = [];
    const left = noted(outcomes);
    left.deliver(() => left.onLeft());
    const kept = noted(outcomes);
    kept.deliver(() => kept.begin().onLeft());
    kept.end('handled');
    expect(outcomes).toEqual(['abandoned', 'handled']);
  });

  it('is settled once, by the functions of the message or of its copy', () => {
    const outcomes: string[] = [];
    const handling = noted(outcomes);
    const message = { ...acknowledgementOf(handling), data: 'a' };
    message.nack();
    message.ack();
    handling.deliver(() => undefined);
    expect([outcomes, handlingOf({ ...message }), handlingOf({})]).toEqual([['failed'], handling, undefined]);
  });

  it('ends although the delivery throws', () => {
    const outcomes: string[] = [];
    const fail = (): never => {
      throw new Error('thrown by the delivery');
    };
    expect(() => noted(outcomes).deliver(fail)).toThrow('thrown by the delivery');
    expect([currentHandling(), outcomes]).toEqual([undefined, ['handled']]);
  });
});

describe('mergeMapBounded', () => {
  const handle = (messages: Messages, project: (message: string) => Observable<unknown> | Promise<unknown>) =>
    messages.source.pipe(mergeMapBounded(project, { concurrent: 2, key: (message) => message[0] }));

  it('handles a message until its inner stream has completed', () => {
    const messages = new Messages();
    const inner = { a: new Subject(), b: new Subject(), c: new Subject() };
    handle(messages, (message) => inner[message as 'a']).subscribe();
    messages.send('a', 'b', 'c');
    inner.b.complete();
    expect(messages.outcomes).toEqual(['b handled']);
    inner.c.complete();
    inner.a.complete();
    expect(messages.outcomes).toEqual(['b handled', 'c handled', 'a handled']);
  });

  it('handles messages whose inner streams complete at once', () => {
    const messages = new Messages();
    handle(messages, () => of(1, 2)).subscribe();
    messages.send('a', 'b');
    expect(messages.outcomes).toEqual(['a handled', 'b handled']);
  });

  it('handles a message until its promise has resolved', async () => {
    const messages = new Messages();
    let resolve!: () => void;
    const results: unknown[] = [];
    const promise = new Promise<void>((done) => (resolve = done));
    handle(messages, () => promise).subscribe((result) => results.push(result));
    messages.send('a');
    expect(messages.outcomes).toEqual([]);
    resolve();
    await promise;
    await Promise.resolve();
    expect([messages.outcomes, results]).toEqual([['a handled'], [undefined]]);
  });

  it('fails a message with its inner stream, and gives the others up', () => {
    const messages = new Messages();
    const failing = new Subject();
    handle(messages, (message) => (message === 'a' ? failing : NEVER)).subscribe({ error: () => undefined });
    messages.send('a', 'b', 'c', 'b2');
    failing.error(new Error('failed'));
    expect(messages.outcomes[0]).toBe('a failed');
    expect(messages.outcomes.slice(1).sort()).toEqual(['b abandoned', 'b2 returned', 'c returned']);
  });

  it('fails a message whose project function throws', () => {
    const messages = new Messages();
    const fail = (): never => {
      throw new Error('thrown by project');
    };
    handle(messages, fail).subscribe({ error: () => undefined });
    messages.send('a');
    expect(messages.outcomes).toEqual(['a failed']);
  });

  it('fails a message whose promise rejects', async () => {
    const messages = new Messages();
    const rejected = new Promise((resolve) => {
      handle(messages, () => Promise.reject(new Error('rejected'))).subscribe({ error: resolve });
    });
    messages.send('a');
    await rejected;
    expect(messages.outcomes).toEqual(['a failed']);
  });

  it('abandons running messages and returns waiting ones when it is unsubscribed', () => {
    const messages = new Messages();
    const subscription = handle(messages, () => NEVER).subscribe();
    messages.send('a', 'b', 'a2', 'c');
    expect(messages.outcomes).toEqual([]);
    subscription.unsubscribe();
    expect(messages.outcomes.sort()).toEqual(['a abandoned', 'a2 returned', 'b abandoned', 'c returned']);
  });

  it.each([
    ['a stream', () => of(1)],
    ['a promise', () => Promise.reject(new Error('not told to anybody'))],
  ])('abandons a message whose project function unsubscribes, and returns %s', async (_, project) => {
    const messages = new Messages();
    const subscription = handle(messages, () => {
      subscription.unsubscribe();
      return project();
    }).subscribe();
    messages.send('a');
    await new Promise(setImmediate);
    expect(messages.outcomes).toEqual(['a abandoned']);
  });

  it('abandons a message that it drops', () => {
    for (const overflow of ['drop-oldest', 'drop-incoming'] as const) {
      const messages = new Messages();
      messages.source.pipe(mergeMapBounded(() => NEVER, { capacity: 1, overflow })).subscribe();
      messages.send('a', 'b', 'c');
      expect(messages.outcomes).toEqual([overflow === 'drop-oldest' ? 'b abandoned' : 'c abandoned']);
    }
  });

  it('handles a message until both of two operators are done', () => {
    const messages = new Messages();
    const [one, other] = [new Subject(), new Subject()];
    handle(messages, () => one).subscribe();
    handle(messages, () => other).subscribe({ error: () => undefined });
    messages.send('a');
    one.complete();
    expect(messages.outcomes).toEqual([]);
    other.error(new Error('failed'));
    expect(messages.outcomes).toEqual(['a failed']);
  });

  it('handles a message through the attempts of an inner stream', () => {
    const messages = new Messages();
    let attempts = 0;
    const flaky = defer(() => (++attempts < 3 ? throwError(() => new Error('failed')) : of('done')));
    handle(messages, () => flaky.pipe(retry())).subscribe();
    messages.send('a');
    expect([attempts, messages.outcomes]).toEqual([3, ['a handled']]);
  });
});

describe('iterate', () => {
  it('has handled a message when the loop asks for the next one', async () => {
    const messages = new Messages();
    const iterator = iterate(messages.source);
    const first = iterator.next();
    messages.send('a', 'b', 'c');
    await first;
    expect(messages.outcomes).toEqual([]);
    await iterator.next();
    expect(messages.outcomes).toEqual(['a handled']);
  });

  it('abandons the message that the loop has not handled, and returns the next ones', async () => {
    const messages = new Messages();
    const iterator = iterate(messages.source);
    const first = iterator.next();
    messages.send('a', 'b');
    await first;
    await iterator.return?.();
    expect(messages.outcomes).toEqual(['a abandoned', 'b returned']);
  });
});
