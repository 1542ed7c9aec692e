import { enter, type Entry } from './contestant.js';
import { measure } from './measured-process.js';
import type { Options } from './options.js';
import { Publisher, WINDOW } from './publisher.js';
import { inRounds } from './rounds.js';
import { print } from './table.js';

const ENTRIES: readonly Entry[] = [
  { title: 'bare listener', way: 'bare', as: 'reference' },
  { title: 'bare listener again', way: 'bare', as: 'control' },
  { title: 'Receiver, observed', way: 'observe', as: 'receiver' },
  { title: 'Receiver, for await', way: 'iterate', as: 'receiver' },
  { title: 'Receiver, get()', way: 'get', as: 'receiver' },
  { title: 'merge of naive Observables', way: 'merge', as: 'baseline' },
];

/** What it costs the CPU of a subscriber to receive a message. */
export async function messageCost(
  options: Options,
  url: string,
  snapshots: readonly string[],
): Promise<void> {
  const { rounds, messages, warmUp, channels, payload, only, profile } = options;
  const field = enter(ENTRIES, snapshots, only);
  await using publisher = await Publisher.connect(url);

  const results = await inRounds(rounds, field.contestants, (contestant) => {
    let published = 0;
    const publish = () => {
      const count = Math.min(WINDOW, warmUp + messages - published);
      if (count > 0) void publisher.publish(published, count, channels, payload);
      published += count;
    };
    return measure({
      contestant,
      script: 'receive-messages',
      task: { url, way: contestant.way, channels, warmUp, messages, window: WINDOW },
      profile,
      onProgress(is) {
        publish();
        if (is === 'ready') publish();
      },
    });
  });
  const what = `${messages} messages of ${payload} bytes on ${channels} channels`;
  print(
    { title: `CPU µs a message; ${what}`, of: ({ cpu }) => (cpu * 1_000) / messages, digits: 3 },
    field,
    results,
  );
}
