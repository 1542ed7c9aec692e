import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from 'redis';
import { NUMBER_DIGITS, TIME_DIGITS } from './measured/sequence.js';
import type { PublisherTask } from './publisher.js';

// Publishes the messages that its parent asks for.

/**
 * Script that publishes from inside the server: unread messages wait in the server's output buffer, so that the subscriber
 * never runs dry within a window, whatever the speed of the server and of the subscriber.
 */
const SCRIPT = `
  local prefix, first, count, channels = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
  local hasId = string.find(ARGV[6], '<id>', 1, true)
  for number = first, first + count - 1 do
    local before = ARGV[6]
    if hasId then before = string.gsub(before, '<id>', '1-' .. math.floor(number / channels) + 1) end
    redis.call('PUBLISH', prefix .. number % channels, before .. string.format('%08d', number) .. ARGV[5] .. ARGV[7])
  end`;

const client = await createClient({ url: process.argv[2] as string }).connect();
process.on('message', (task: PublisherTask) => {
  const published = task.rate === undefined ? atOnce(task) : steadily(task, task.rate);
  void published.then(() => process.send?.('done'));
});
process.once('disconnect', () => client.destroy());
process.send?.('ready');

async function atOnce({ prefix, channels, payload, first, count, packet }: PublisherTask): Promise<void> {
  const numbers = [first, count, channels].map(String);
  const rest = 'x'.repeat(payload - NUMBER_DIGITS);
  await client.eval(SCRIPT, { arguments: [prefix, ...numbers, rest, ...packet] });
}

async function steadily(task: PublisherTask, rate: number): Promise<void> {
  const { prefix, channels, payload, first, count, packet } = task;
  const rest = 'x'.repeat(payload - NUMBER_DIGITS - TIME_DIGITS) + packet[1];
  const started = performance.now();
  let last: Promise<unknown> | undefined;
  for (let sent = 0; sent < count;) {
    await delay(1);
    const due = Math.min(count, Math.floor(((performance.now() - started) * rate) / 1_000));
    for (; sent < due; sent++) {
      const number = first + sent;
      const time = String(process.hrtime.bigint()).padStart(TIME_DIGITS, '0');
      const digits = String(number).padStart(NUMBER_DIGITS, '0');
      last = client.publish(`${prefix}${number % channels}`, `${packet[0]}${digits}${time}${rest}`);
    }
  }
  await last;
}
