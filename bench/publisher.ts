import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Packet } from './contestant.js';

export interface Messages {
  readonly prefix: string;
  readonly channels: number;
  /** Bytes of a payload. */
  readonly payload: number;
  /** Number of the first message. */
  readonly first: number;
  readonly count: number;
  /** Text before and after each payload, which `payload` does not count. */
  readonly packet?: Packet;
}

/** Task of the process that publishes. With a `rate`, the process sends so many messages a second, each with its time. */
export type PublisherTask = Required<Messages> & { readonly rate?: number };

/** Separate process that publishes numbered messages. */
export class Publisher implements AsyncDisposable {
  readonly #child: ChildProcess;

  private constructor(url: string) {
    this.#child = fork(join(import.meta.dirname, 'publisher-process.ts'), [url]);
  }

  static async connect(url: string): Promise<Publisher> {
    const publisher = new Publisher(url);
    await once(publisher.#child, 'message');
    return publisher;
  }

  /** Publishes the messages all at once. Resolves when Redis has them all. */
  async publish(messages: Messages): Promise<void> {
    await this.#do({ packet: ['', ''], ...messages });
  }

  /** Publishes `rate` messages a second, each with the time at which it was sent. */
  async publishSteadily(messages: Messages, rate: number): Promise<void> {
    await this.#do({ packet: ['', ''], ...messages, rate });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.disconnect();
    await exited;
  }

  async #do(task: PublisherTask): Promise<void> {
    const done = once(this.#child, 'message');
    this.#child.send(task);
    await done;
  }
}
