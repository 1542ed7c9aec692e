import type { NodeClient } from '../../lib/cluster/node-client.js';
import { MemoryPubSub } from '../../lib/testing/index.js';

/** A client of one node, in memory; what is no command of Pub/Sub is answered as told. */
export class MemoryNode extends MemoryPubSub implements NodeClient {
  /** By the name of the command. */
  readonly answers: Readonly<Record<string, () => Promise<unknown>>>;

  constructor(answers: MemoryNode['answers']) {
    super();
    this.answers = answers;
  }

  override connect(): Promise<this> {
    return Promise.resolve(this);
  }

  override duplicate(): never {
    throw new Error('There is but one.');
  }

  sendCommand([command]: string[]): Promise<unknown> {
    return this.answers[command as string]!();
  }
}
