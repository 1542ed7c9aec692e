import { CodedError, named } from '../errors/errors.js';

/** The setting that turns keyspace notifications on. */
export const SETTING = 'notify-keyspace-events';

/** A setting of a server that does not send the notifications that {@link keyspace} is asked for. */
interface Misconfiguration {
  /** The address of the server. */
  readonly server: string;
  /** The value of `notify-keyspace-events`. */
  readonly configured: string;
  /** The flags that it lacks. */
  readonly missing: string;
  /** The value to set: the present flags, and the missing ones. */
  readonly needed: string;
}

/** The error of `keyspace()` on a server whose setting `notify-keyspace-events` does not send the notifications. */
export class KeyspaceConfigError extends CodedError implements Misconfiguration {
  readonly code = 'ERR_KEYSPACE_CONFIG';
  readonly server: string;
  readonly configured: string;
  readonly missing: string;
  readonly needed: string;

  constructor({ server, configured, missing, needed }: Misconfiguration, options?: ErrorOptions) {
    const present = configured === '' ? 'empty: Redis sends no notifications' : JSON.stringify(configured);
    super(
      `The setting ${SETTING} of ${server} is ${present}, and lacks "${missing}". ` +
        `Run on each server, replicas included: CONFIG SET ${SETTING} ${needed} (and put it into redis.conf, ` +
        'or into the parameter group of a managed service: a restart forgets CONFIG SET).',
      options,
    );
    this.server = server;
    this.configured = configured;
    this.missing = missing;
    this.needed = needed;
  }
}
named(KeyspaceConfigError, 'KeyspaceConfigError');
