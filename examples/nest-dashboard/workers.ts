import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import type { Receiver } from 'rx-redis-receiver';
import { InjectReceiver } from 'rx-redis-receiver/nestjs';
import { WORK_TIME, WORKERS } from './settings.js';

/** The slow side: each takes a message when it is done with the one before. What comes meanwhile waits in the queue. */
@Injectable()
export class Workers implements OnApplicationBootstrap {
  readonly #receiver: Receiver;
  /** Milliseconds that a message takes. */
  workTime = WORK_TIME;

  constructor(@InjectReceiver() receiver: Receiver) {
    this.#receiver = receiver;
  }

  onApplicationBootstrap(): void {
    const messages = this.#receiver[Symbol.asyncIterator]();
    for (let worker = 0; worker < WORKERS; worker++) void this.#work(messages);
  }

  /** Ends with the Receiver, behind its queue. */
  async #work(messages: AsyncIterator<unknown>): Promise<void> {
    while (!(await messages.next()).done) await delay(this.workTime);
  }
}
