import type { WriteStream } from 'node:tty';
import type { Channel, Message, ReceiverEvent, ReceiverStats } from 'rx-redis-receiver';
import { paint, type Colour } from './paint.js';

const MARKS = { channel: '●', pattern: '◆', shard: '■', stream: '▬' };
const COMMANDS = { channel: 'SUBSCRIBE', pattern: 'PSUBSCRIBE', shard: 'SSUBSCRIBE', stream: 'XREAD' };
const COLOURS: readonly Colour[] = ['cyan', 'green', 'yellow', 'magenta', 'blue', 'orange'];
const SOURCE_WIDTH = 25;
const CHANNEL_WIDTH = 26;

const MEANINGS: Readonly<Record<Exclude<keyof ReceiverStats, 'unmatched' | 'recovered'>, string>> = {
  received: 'came from Redis = delivered + buffered + dropped + undecodable',
  delivered: 'were handed to the observer or the loop',
  buffered: 'wait in the queue',
  bufferedBytes: 'bytes wait in the queue',
  highWater: 'is the most that ever waited',
  dropped: 'were lost to a full queue',
  undecodable: 'made their codec fail',
  late: 'came after stop(), and were ignored',
  gaps: 'times messages may have been lost',
};

/** Standard output: a terminal, or a pipe or file, which has no colours. */
type Output = NodeJS.WritableStream & Partial<Pick<WriteStream, 'hasColors'>>;

/** Shows the demo: in colours on a terminal that wants them, in plain lines everywhere else. */
export class Stage {
  readonly #print: (line: string) => void;
  readonly #paint: (colour: Colour, text: string) => string;
  readonly #colours = new Map<string, Colour>();
  #steps = 0;

  constructor(stream: Output) {
    this.#print = (line) => stream.write(`${line}\n`);
    this.#paint = stream.hasColors?.() ? paint : (_colour, text) => text;
  }

  title(name: string, subtitle: string): void {
    this.#print(`\n ${this.#paint('bold', name)}  ${subtitle}`);
  }

  /** A heading, with the code that does what it says. */
  step(title: string, code: string): void {
    this.#steps++;
    this.#print(`\n ${this.#paint('bold', `${this.#steps}  ${title}`)}`);
    this.note(`› ${code}`);
  }

  result(text: string): void {
    this.#print(`    ${text}`);
  }

  note(text: string): void {
    this.#print(`    ${this.#paint('grey', text)}`);
  }

  legend(): void {
    this.note(`${MARKS.channel} a channel   ${MARKS.pattern} a pattern   a colour for each`);
  }

  columns(): void {
    this.note(`${'source'.padEnd(SOURCE_WIDTH)}${'channel'.padEnd(CHANNEL_WIDTH)}data`);
  }

  message({ source, channel, data }: Message): void {
    this.#row(source, `${channel.padEnd(CHANNEL_WIDTH)}${data}`);
  }

  event(event: ReceiverEvent): void {
    switch (event.type) {
      case 'subscribed':
        return this.#row(event.source, this.#paint('grey', `${COMMANDS[event.source.kind]} acknowledged`));
      case 'unsubscribed':
        return this.#row(event.source, this.#paint('grey', 'no longer subscribed'));
      case 'late':
        return this.#row(event.source, this.#paint('red', `late, and ignored: ${event.data.toString()}`));
      default:
        return this.note(event.type);
    }
  }

  stats(stats: ReceiverStats): void {
    for (const [name, meaning] of Object.entries(MEANINGS)) {
      const count = stats[name as keyof typeof MEANINGS];
      const line = `${name.padEnd(14)}${String(count).padStart(4)}`;
      this.#print(`    ${count > 0 ? line : this.#paint('grey', line)}  ${this.#paint('grey', meaning)}`);
    }
  }

  #row({ kind, name }: Channel<unknown>, text: string): void {
    const label = `${MARKS[kind]} ${name}`;
    const colour = this.#colours.get(label) ?? COLOURS[this.#colours.size % COLOURS.length] ?? 'bold';
    this.#colours.set(label, colour);
    this.#print(`    ${this.#paint(colour, label.padEnd(SOURCE_WIDTH))}${text}`);
  }
}
