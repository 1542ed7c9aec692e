import type { NodeClient } from '../../lib/cluster/node-client.js';
import { MemoryPubSub } from '../../lib/testing/index.js';

/** A client of one node, in memory. `answers` gives the replies to commands that are not of Pub/Sub. */
export class MemoryNode extends MemoryPubSub implements NodeClient {
  /** The replies, by the name of the command. */
  readonly answers: Readonly<Record<string, () => Promise<unknown>>>;

  constructor(answers: MemoryNode['answers']) {
    super();
    this.answers = answers;
  }

  override connect(): Promise<this> {
    return Promise.resolve(this);
  }

  override duplicate(): never {
    throw new Error('A single node has no other address.');
  }

  sendCommand([command]: string[]): Promise<unknown> {
    return this.answers[command as string]!();
  }
}
