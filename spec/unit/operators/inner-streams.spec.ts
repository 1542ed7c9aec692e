import { Subscription } from 'rxjs';
import { InnerStreams, type InnerStream } from '../../../lib/operators/inner-streams.js';

class Stream extends Subscription implements InnerStream {
  older: InnerStream | undefined;
  newer: InnerStream | undefined;
}

describe('InnerStreams', () => {
  it('unsubscribes the streams that have not been removed, from the oldest to the newest', () => {
    const log: number[] = [];
    const running = new InnerStreams();
    const streams = Array.from({ length: 6 }, (_, number) => {
      const stream = new Stream();
      stream.add(() => log.push(number));
      running.add(stream);
      return stream;
    });
    for (const removed of [2, 0, 5]) running.remove(streams[removed] as Stream);
    running.unsubscribe();
    expect(log).toEqual([1, 3, 4]);
  });

  it('leaves no link to other streams in a removed stream, which its producer may keep', () => {
    const running = new InnerStreams();
    const streams = [new Stream(), new Stream(), new Stream()] as const;
    for (const stream of streams) running.add(stream);
    running.remove(streams[1]);
    expect([streams[1].older, streams[1].newer]).toEqual([undefined, undefined]);
  });
});
