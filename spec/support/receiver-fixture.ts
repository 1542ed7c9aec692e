import { Receiver, type Message, type ReceiverEvent, type ReceiverOptions } from '../../lib/index.js';
import { MemoryPubSub } from '../../lib/testing/index.js';

/** Returns a Receiver on the in-memory client with the channels a and b, and a log of its messages and events. */
export function receiverFixture(options?: ReceiverOptions<string>) {
  const client = new MemoryPubSub();
  const receiver = new Receiver(client, options);
  receiver.channel('a');
  receiver.channel('b');
  const received: string[] = [];
  const events: ReceiverEvent[] = [];
  receiver.events.subscribe((event) => events.push(event));
  return {
    client,
    receiver,
    received,
    events,
    collect: ({ data }: Message) => void received.push(data),
    /** Logs messages, errors and the end. */
    observer: {
      next: ({ data }: Message) => void received.push(data),
      error: (error: Error) => void received.push(error.name),
      complete: () => void received.push('complete'),
    },
    publish: (...list: string[]) => {
      for (const data of list) client.publish('a', data);
    },
    eventTypes: () => events.map(({ type }) => type),
  };
}
