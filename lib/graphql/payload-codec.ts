import { bytes, json, text, type Channel, type Codec, type Message, type Receiver } from '../index.js';
import { invalidArgument } from '../internal.js';
import { isBufferEvent, type RedisPubSubOptions } from './redis-pub-sub-options.js';

const PAYLOAD = Symbol('payload');

/** A message as it came. The first of the clients that take it has its payload decoded, which the others find here. */
export type RawMessage = Message<string | Buffer> & { [PAYLOAD]?: unknown };

/** The kinds of names to which a trigger may lead. */
export type TriggerKind = 'channel' | 'pattern';

/** The payloads of a PubSub: JSON, the user's own format, or Buffers. */
export class PayloadCodec {
  readonly #options: RedisPubSubOptions;
  readonly #json: Codec<unknown>;

  constructor(options: RedisPubSubOptions) {
    this.#options = options;
    this.#json = json(options.reviver);
  }

  encode(payload: unknown): string | Buffer {
    const { serializer } = this.#options;
    if (!serializer) return Buffer.isBuffer(payload) ? payload : this.#json.encode(payload);
    const encoded: unknown = serializer(payload);
    if (typeof encoded === 'string' || Buffer.isBuffer(encoded)) return encoded;
    throw invalidArgument('what the serializer returns', 'a string or a Buffer', encoded);
  }

  /** Returns the Channel of a name, whose messages are not decoded: they wait as they came, so that their bytes count. */
  channelOf(receiver: Receiver, kind: TriggerKind, name: string): Channel<string | Buffer> {
    const codec = this.#options.deserializer || this.#isBuffer(kind) ? bytes : text;
    return receiver[kind]<string | Buffer>(name, { codec });
  }

  /** Returns the payload of a message; the data itself if it cannot be decoded. */
  decode(message: RawMessage): unknown {
    if (!(PAYLOAD in message)) message[PAYLOAD] = this.#payloadOf(message);
    return message[PAYLOAD];
  }

  #payloadOf({ data, channel, pattern }: RawMessage): unknown {
    const { deserializer } = this.#options;
    const isBuffer = this.#isBuffer(pattern === undefined ? 'channel' : 'pattern');
    if (!deserializer && isBuffer) return data;
    try {
      if (!deserializer) return this.#json.decode(data, channel);
      return deserializer(data, pattern === undefined ? { channel } : { channel, pattern });
    } catch {
      return isBuffer ? data : data.toString();
    }
  }

  #isBuffer(kind: TriggerKind): boolean {
    const { messageEventName, pmessageEventName } = this.#options;
    return isBufferEvent(kind === 'channel' ? messageEventName : pmessageEventName);
  }
}
