import {
  ConflictException,
  Injectable,
  NotFoundException,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { Channel, Receiver } from 'rx-redis-receiver';
import { InjectReceiver } from 'rx-redis-receiver/nestjs';
import { FIRST_SOURCES } from './settings.js';
import type { SourceCount } from './snapshot.js';

export type SourceName = Pick<SourceCount, 'kind' | 'name'>;

interface Source {
  readonly id: number;
  readonly channel: Channel;
  received: number;
  isSubscribed: boolean;
}

/** The sources of the Receiver, and the number of messages from each. */
@Injectable()
export class Sources implements OnApplicationBootstrap {
  readonly #receiver: Receiver;
  readonly #sources = new Map<number, Source>();
  #lastId = 0;

  constructor(@InjectReceiver() receiver: Receiver) {
    this.#receiver = receiver;
  }

  async onApplicationBootstrap(): Promise<void> {
    for (const source of FIRST_SOURCES) await this.add(source);
  }

  /** The sources that Redis has acknowledged. */
  get counts(): SourceCount[] {
    return [...this.#sources.values()]
      .filter(({ isSubscribed }) => isSubscribed)
      .map(({ id, channel, received }) => ({
        id,
        kind: channel.kind as SourceCount['kind'],
        name: channel.name,
        received,
      }));
  }

  has(id: number): boolean {
    return this.#sources.has(id);
  }

  /** Resolves when Redis has acknowledged it. */
  async add({ kind, name }: SourceName): Promise<void> {
    if (this.#find({ kind, name })) throw new ConflictException(`The ${kind} ${name} is there already.`);
    const channel = this.#receiver[kind](name);
    const source: Source = { id: ++this.#lastId, channel, received: 0, isSubscribed: false };
    this.#sources.set(source.id, source);
    // Its messages go through the queue to the workers all the same: this only counts them as they come.
    channel.subscribe({ next: () => source.received++, error: () => undefined });
    try {
      await channel.whenSubscribed();
      source.isSubscribed = true;
    } catch (error) {
      await this.#remove(source);
      throw new ConflictException(error instanceof Error ? error.message : String(error));
    }
  }

  /** Resolves when Redis has acknowledged it. */
  async remove({ kind, name }: SourceName): Promise<void> {
    const source = this.#find({ kind, name });
    if (!source) throw new NotFoundException(`There is no ${kind} ${name}.`);
    await this.#remove(source);
  }

  #remove({ id, channel }: Source): Promise<void> {
    this.#sources.delete(id);
    return channel.close();
  }

  #find({ kind, name }: SourceName): Source | undefined {
    return [...this.#sources.values()].find(({ channel }) => channel.kind === kind && channel.name === name);
  }
}
