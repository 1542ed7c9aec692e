import { map, type Observable } from 'rxjs';
import { type RunHelpers, TestScheduler } from 'rxjs/testing';
import { Receiver, type Message, type ReceiverOptions } from '../../lib/index.js';
import { MemoryPubSub } from '../../lib/testing/index.js';

export interface Marbles extends RunHelpers {
  readonly client: MemoryPubSub;
  readonly receiver: Receiver;
  /** Publishes each letter of a diagram, as data, to a channel. */
  publish(channel: string, diagram: string): void;
  /** Runs once at the frame of each letter of a diagram. */
  at(diagram: string, work: () => void): void;
  /** What was sent to Redis, as an Observable of texts that never completes. */
  readonly commands: Observable<string>;
}

/** Runs a marble test on a Receiver over the in-memory client. */
export function marbles(test: (marbles: Marbles) => void, options?: ReceiverOptions<string>): void {
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run((helpers) => {
    const client = new MemoryPubSub();
    const receiver = new Receiver(client, options);
    const at = (diagram: string, work: (letter: string) => void) =>
      void helpers.hot(diagram).subscribe({ next: work });
    test({
      ...helpers,
      client,
      receiver,
      at,
      publish: (channel, diagram) => at(diagram, (letter) => client.publish(channel, letter)),
      commands: client.commands,
    });
  });
}

/** The data of each message, so that a diagram can show it. */
export function dataOf<T>(source: Observable<Message<T>>): Observable<T> {
  return source.pipe(map(({ data }) => data));
}
