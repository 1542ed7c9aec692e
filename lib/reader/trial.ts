import { isKnownReleaseLoaded } from './known-release.js';
import { PushReader } from './push-reader.js';
import type { ClientQueue, RegistryType } from './seam.js';

/** The methods of a queue of node-redis that only the trial calls. */
interface TrialQueue extends ClientQueue {
  subscribe(type: RegistryType, channels: string[], listener: () => void): Promise<void> | undefined;
  addCommand(args: string[]): Promise<unknown>;
  commandsToWrite(): Iterable<unknown>;
}

type QueueClass = new (
  respVersion: 2 | 3,
  maxLength: undefined,
  onShardedChannelMoved: () => void,
  clientId: string,
) => TrialQueue;

/** The protocols, and the most bytes of a chunk: some frames are whole, and others are cut. */
const TRIALS = [
  { version: 2, length: 1_000 },
  { version: 3, length: 64 },
] as const;
const TYPES: readonly RegistryType[] = ['CHANNELS', 'PATTERNS', 'SHARDED'];
const NAME = 'näme';

/** The chunks of a dialogue. */
const DIALOGUE: readonly string[] = [
  push('hello', 'world') + '+OK\r\n' + push('message', NAME, 'one') + push('pmessage', NAME, NAME, ''),
  push('smessage', NAME, 'ünö') + ':1\r\n' + push('message', 'unknown', '2') + push('message', NAME, '\r\n'),
  '*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n' +
    push('message', NAME, 'throw') +
    push('message', NAME, '-'),
  push('message', NAME, 'two').replace('>3', '*3') +
    '%1\r\n+a\r\n*2\r\n_\r\n#t\r\n' +
    push('message', NAME, '3'),
  '?' + push('message', NAME, '4'),
  push('message', NAME, '5'),
];

/** The verdict on a class of queues: the object that marks its mode for Pub/Sub on RESP2; undefined if the trial failed. */
const verdicts = new WeakMap<object, object | undefined>();

/**
 * Reads a dialogue with the client's decoder alone and with a reader in front of it, on queues without a connection, and
 * compares all calls. Returns the object for which the reader has to look on RESP2, or undefined if the reader is not to be
 * used on queues of this class.
 */
export function tryOn(queue: ClientQueue): object | undefined {
  const { constructor } = queue as unknown as { readonly constructor: QueueClass };
  if (!verdicts.has(constructor)) verdicts.set(constructor, verdictOn(constructor));
  return verdicts.get(constructor);
}

function verdictOn(queueClass: QueueClass): object | undefined {
  try {
    if (!isKnownReleaseLoaded()) return undefined;
    const [pubSubTypes, again, others] = [2, 2, 3].map(
      (version) => new Subject(queueClass, version as 2 | 3).types,
    );
    if (!pubSubTypes || pubSubTypes !== again || pubSubTypes === others) return undefined;
    for (const { version, length } of TRIALS) {
      const [alone, read] = [new Subject(queueClass, version), new Subject(queueClass, version)];
      new PushReader(read.queue, pubSubTypes);
      for (const subject of [alone, read]) subject.listenTo(DIALOGUE, length);
      if (String(alone.log) !== String(read.log) || alone.log.length === 0) return undefined;
    }
    return pubSubTypes;
  } catch {
    return undefined;
  }
}

/** A queue without a connection that logs what it hears. */
class Subject {
  readonly queue: TrialQueue;
  readonly log: string[] = [];

  constructor(queueClass: QueueClass, version: 2 | 3) {
    const queue = (this.queue = new queueClass(version, undefined, () => undefined, 'trial'));
    queue.addCommand(['PING']).catch(() => undefined);
    void queue.subscribe('CHANNELS', ['other'], () => undefined);
    // Commands count as sent once they have been read.
    for (const _ of queue.commandsToWrite());
    for (const type of TYPES) this.#register(type);
    if (version === 3) queue.decoder.onReply = (reply) => this.#note('reply', reply);
  }

  /** The types for a frame that begins now, on a subscribed connection. */
  get types(): object {
    return this.queue.decoder.getTypeMapping();
  }

  listenTo(dialogue: readonly string[], length: number): void {
    for (const text of dialogue) {
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length; at += length) this.#read(bytes.subarray(at, at + length));
    }
  }

  /** Reads a chunk as the client does. */
  #read(chunk: Buffer): void {
    try {
      this.queue.decoder.write(chunk);
    } catch (error) {
      this.queue.resetDecoder();
      this.#note('error', error);
    }
  }

  #register(type: RegistryType): void {
    const on = (mode: string) => (data: unknown, channel: unknown) => {
      this.#note(type, mode, data, channel);
      if (data === 'throw') throw new Error('thrown');
    };
    const listeners = {
      unsubscribing: false,
      buffers: new Set([on('buffers')]),
      strings: new Set([on('first'), on('second')]),
    };
    (this.queue.getPubSubListeners(type) as Map<string, unknown>).set(NAME, listeners);
  }

  #note(...words: readonly unknown[]): void {
    this.log.push(words.map((word) => (Buffer.isBuffer(word) ? word.toString('hex') : String(word))).join());
  }
}

function push(...words: readonly string[]): string {
  const items = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return `>${words.length}\r\n${items.join('')}`;
}
