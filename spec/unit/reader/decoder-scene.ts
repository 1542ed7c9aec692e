import { createClient } from 'redis';
import { createClient as createClient5 } from 'redis-5';
import { installPushReader } from '../../../lib/reader/install.js';
import type { ClientDecoder, ClientQueue, RegistryType } from '../../../lib/reader/seam.js';
import { acknowledgement, bytesOf, type Resp } from './frames.js';

export type SceneListener = (data: unknown, channel: unknown) => void;
export type Mode = 'text' | 'bytes';

/** The methods of node-redis's queue that a scene calls. */
interface SceneQueue extends ClientQueue {
  subscribe: Subscribe;
  unsubscribe: Subscribe;
  addCommand(args: string[], options?: object): Promise<unknown>;
  commandsToWrite(): Iterable<unknown>;
  addPushHandler(handler: (push: readonly unknown[]) => boolean): void;
  flushAll(error: Error): void;
}

type Subscribe = (
  type: RegistryType,
  names: string[],
  listener: SceneListener,
  bufferMode: boolean,
) => Promise<void> | undefined;

export interface SceneClient {
  _getQueue(): SceneQueue;
}

const CREATE = {
  'redis 5': (options: object) => createClient5(options) as unknown as SceneClient,
  'redis 6': (options: object) => createClient(options) as unknown as SceneClient,
};

export interface SceneOptions {
  readonly version: keyof typeof CREATE;
  readonly resp: Resp;
}

/** Both versions of the client, each with both protocols. */
export const CLIENTS: readonly SceneOptions[] = (['redis 5', 'redis 6'] as const).flatMap((version) =>
  ([2, 3] as const).map((resp) => ({ version, resp })),
);

export const TYPES: readonly RegistryType[] = ['CHANNELS', 'PATTERNS', 'SHARDED'];

/** Returns a client that has never connected. */
export function createIdle({ version, resp }: SceneOptions): SceneClient {
  return CREATE[version]({ RESP: resp });
}

type QueueClass = new (
  resp: Resp,
  maxLength: undefined,
  onShardedChannelMoved: (name: string) => void,
  clientId: string,
) => SceneQueue;

const queueClasses = new Map<string, QueueClass>();

/** Returns the class of a client's queue. A scene makes the queue alone, because a whole client takes much longer. */
function queueClassOf(options: SceneOptions): QueueClass {
  const { version } = options;
  const known = queueClasses.get(version);
  if (known) return known;
  const queue = createIdle(options)._getQueue() as unknown as { readonly constructor: QueueClass };
  queueClasses.set(version, queue.constructor);
  return queue.constructor;
}

/** The queue of a client without a connection. The scene gives it the bytes of a socket, and logs all that a user would notice. */
export class DecoderScene {
  readonly client: object;
  readonly queue: SceneQueue;
  readonly resp: Resp;
  readonly log: string[] = [];
  /** Called with the payload of each message, after the message was logged. */
  onMessage: (data: string) => void = () => undefined;
  #subscriptions = 0;

  constructor(options: SceneOptions, reader: 'fast' | 'client') {
    this.resp = options.resp;
    const queueClass = queueClassOf(options);
    const queue = new queueClass(this.resp, undefined, (name) => this.note('moved', name), 'scene');
    queue.addPushHandler((push) => {
      const isInvalidation = String(push[0]) === 'invalidate';
      if (isInvalidation) this.note('invalidate', push[1]);
      return isInvalidation;
    });
    this.queue = queue;
    this.client = { _getQueue: () => queue };
    countDecoded(queue.decoder);
    if (reader === 'fast' && !installPushReader(this.client)) throw new Error('The reader was refused.');
  }

  /** The number of bytes that the client's own decoder has read. */
  get decoded(): number {
    return chunksOf(this.queue.decoder).reduce((sum, length) => sum + length, 0);
  }

  /** The number of chunks that the client's own decoder has read. */
  get decodedChunks(): number {
    return chunksOf(this.queue.decoder).length;
  }

  /** Subscribes as the user of a client does; the acknowledgement has been read when it returns. */
  subscribe(type: RegistryType, name: string, mode: Mode = 'text', id = ''): SceneListener {
    const listener = this.listener(type, mode, id);
    this.request('subscribe', type, name, listener, mode);
    this.read(this.acknowledged('subscribe', type, name));
    return listener;
  }

  /** Sends SUBSCRIBE or UNSUBSCRIBE, unless the client knows that it need not. */
  request(
    verb: 'subscribe' | 'unsubscribe',
    type: RegistryType,
    name: string,
    listener: SceneListener,
    mode: Mode = 'text',
  ): void {
    this.queue[verb](type, [name], listener, mode === 'bytes')?.then(
      () => this.note(`${verb}d`, name),
      (error: unknown) => this.note(`not ${verb}d`, name, error),
    );
    this.send();
  }

  /** Returns the next acknowledgement of Redis. */
  acknowledged(verb: 'subscribe' | 'unsubscribe', type: RegistryType, name: string): Buffer {
    this.#subscriptions += verb === 'subscribe' ? 1 : -1;
    return acknowledgement(this.resp, verb, type, name, this.#subscriptions);
  }

  /** Adds a listener to the registry, without a command. */
  listen(type: RegistryType, name: string, mode: Mode = 'text', id = ''): void {
    const registry = this.registry(type);
    const entry = registry.get(name) ?? { unsubscribing: false, strings: new Set(), buffers: new Set() };
    registry.set(name, entry);
    entry[setOf(mode)].add(this.listener(type, mode, id));
  }

  /** Removes all listeners of a mode from the registry, without a command. */
  silence(type: RegistryType, name: string, mode: Mode): void {
    this.registry(type).get(name)?.[setOf(mode)].clear();
  }

  registry(type: RegistryType): Map<string, NameListeners> {
    return this.queue.getPubSubListeners(type) as unknown as Map<string, NameListeners>;
  }

  listener(type: RegistryType, mode: Mode = 'text', id = ''): SceneListener {
    return (data, channel) => {
      this.note(type, mode + id, data, 'from', channel);
      this.onMessage(String(data));
    };
  }

  /** Sends a command, whose reply or error is logged. */
  command(args: string[], options?: object): void {
    const [name] = args;
    this.queue.addCommand(args, options).then(
      (reply) => this.note('reply', name, reply),
      (error: unknown) => this.note('refused', name, error),
    );
    this.send();
  }

  /** Lets all commands count as written to the socket. */
  send(): void {
    for (const _ of this.queue.commandsToWrite());
  }

  /** Reads a chunk from the socket, as the client does. */
  read(chunk: Buffer | string): void {
    try {
      this.queue.decoder.write(bytesOf(chunk));
    } catch (error) {
      this.queue.resetDecoder();
      this.note('error', error);
    }
  }

  /** Reads bytes in chunks that end at these places. */
  readCut(bytes: Buffer, ...cuts: readonly number[]): void {
    let from = 0;
    for (const cut of [...cuts, bytes.length]) {
      if (cut > from) this.read(bytes.subarray(from, cut));
      from = Math.max(from, cut);
    }
  }

  note(...values: readonly unknown[]): void {
    this.log.push(values.map(show).join(' '));
  }
}

/** The lengths of the chunks that each decoder has read. */
const chunks = new WeakMap<object, number[]>();

function chunksOf(decoder: ClientDecoder): number[] {
  const lengths = chunks.get(decoder) ?? [];
  chunks.set(decoder, lengths);
  return lengths;
}

const counted = new Set<object>();

/** Notes the chunks that decoders of this class read. */
function countDecoded(decoder: ClientDecoder): void {
  const prototype = Object.getPrototypeOf(decoder) as ClientDecoder;
  if (counted.has(prototype)) return;
  counted.add(prototype);
  const { write } = prototype;
  prototype.write = function (this: ClientDecoder, chunk) {
    chunksOf(this).push(chunk.length);
    write.call(this, chunk);
  };
}

interface NameListeners {
  readonly unsubscribing: boolean;
  strings: Set<SceneListener>;
  buffers: Set<SceneListener>;
}

function setOf(mode: Mode): 'strings' | 'buffers' {
  return mode === 'text' ? 'strings' : 'buffers';
}

/** Shows a value, and its type if that is no string. */
function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (Buffer.isBuffer(value)) return `<${value.toString('hex')}>`;
  if (value instanceof Error) return `${value.name}(${value.message})`;
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`;
  if (value instanceof Map) return `Map${show([...(value as Map<unknown, unknown>)])}`;
  if (typeof value !== 'object' || value === null) return `${typeof value} ${String(value)}`;
  return `{${Object.entries(value)
    .map(([key, entry]) => `${key}: ${show(entry)}`)
    .join(', ')}}`;
}

/** Resolves when the promises that have settled by now have called back. */
export function settled(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
