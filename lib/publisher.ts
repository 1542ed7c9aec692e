import { adviceFor } from './errors/client-advice.js';
import { invalidArgument } from './errors/invalid-argument.js';

/** The parts of a Redis client that {@link publishTo} needs. */
export interface Publisher {
  /** Publishes to a channel (PUBLISH); returns the number of subscribers that Redis has counted. */
  publish(channel: string, message: string | Buffer): Promise<number> | number;
  /** Publishes to a sharded channel (SPUBLISH); returns the number of subscribers that Redis has counted. */
  sPublish?(channel: string, message: string | Buffer): Promise<number> | number;
}

/** Throws if the client lacks the method that publishes to channels, or to sharded ones. */
export function assertPublisher(client: unknown, sharded: true): asserts client is Required<Publisher>;
export function assertPublisher(client: unknown, sharded?: boolean): asserts client is Publisher;
export function assertPublisher(client: unknown, sharded = false): asserts client is Publisher {
  const candidate = client as Partial<Publisher> | null | undefined;
  const method = sharded ? 'sPublish' : 'publish';
  if (typeof candidate?.[method] === 'function') return;
  throw invalidArgument('the client', `one with the function ${method}`, client, adviceFor(client));
}
