import type { ConsumerSerializer, WritePacket } from '@nestjs/microservices';
import type { Codec, Message, Publisher } from '../index.js';
import { ReplyReceivers } from './reply-receivers.js';

/** Request, and the codec of its reply. */
export interface Request {
  readonly message: Message<unknown>;
  readonly id: string;
  readonly codec: Codec<unknown>;
}

export interface RepliesOptions {
  readonly publisher: Publisher;
  readonly serializer: ConsumerSerializer;
  readonly onError: (what: string, error: unknown) => void;
}

const UNWRITABLE = { status: 'error', message: 'The reply could not be written.' };

/** Publisher of the replies, to the channels on which Nest's `ClientProxy` waits for them. */
export class Replies {
  readonly #options: RepliesOptions;
  readonly #receivers: ReplyReceivers;

  constructor(options: RepliesOptions) {
    this.#options = options;
    this.#receivers = new ReplyReceivers(options.publisher);
  }

  /**
   * Publishes a reply. Resolves when Redis has answered: to false only if no subscriber can have received the reply. Never
   * rejects.
   */
  async send(request: Request, packet: WritePacket): Promise<boolean> {
    const { publisher, onError } = this.#options;
    const { source, channel } = request.message;
    const to = `${channel}.reply`;
    try {
      const payload = this.#write(request, packet);
      const receivers = await (source.kind === 'shard' && publisher.sPublish
        ? publisher.sPublish(to, payload)
        : publisher.publish(to, payload));
      return await this.#receivers.mayExist(receivers);
    } catch (error) {
      onError(`A reply on ${to} is lost`, error);
      return true;
    }
  }

  #write({ id, codec }: Request, packet: WritePacket): string | Buffer {
    const write = (reply: WritePacket) =>
      codec.encode(this.#options.serializer.serialize({ ...reply, id }) as unknown);
    try {
      return write(packet);
    } catch (error) {
      this.#options.onError('A reply could not be written', error);
      // Without this error, the client would wait for the reply.
      return write({ err: UNWRITABLE, isDisposed: true });
    }
  }
}
