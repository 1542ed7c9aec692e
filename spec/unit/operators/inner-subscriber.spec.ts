import { Observable } from 'rxjs';
import { InnerStreams } from '../../../lib/operators/inner-streams.js';
import { InnerSubscriber } from '../../../lib/operators/inner-subscriber.js';

describe('InnerSubscriber', () => {
  it.each<[string, (inner: InnerSubscriber<number>) => void, number]>([
    ['completes', (inner) => inner.complete(), 1],
    ['fails', (inner) => inner.error('reason'), 0],
    ['is unsubscribed', (inner) => inner.unsubscribe(), 0],
  ])('leaves the list of running streams once when it %s', (_how, end, ends) => {
    const running = new InnerStreams();
    const remove = jest.spyOn(running, 'remove');
    const merge = { end: jest.fn() };
    new Observable<number>((destination) => {
      const inner = new InnerSubscriber(destination, running, 'key', merge);
      end(inner);
      inner.unsubscribe();
    }).subscribe({ error: () => undefined });
    expect(remove).toHaveBeenCalledTimes(1);
    expect(merge.end).toHaveBeenCalledTimes(ends);
  });
});
