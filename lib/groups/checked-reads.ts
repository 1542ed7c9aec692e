import { reasonOf } from '../errors/reason-of.js';
import type { LogClient, Reply } from '../log/log-client.js';
import type { LogRequest } from '../recovery/log-connection.js';
import type { StreamReply } from '../streams/stream-commands.js';
import { countLost } from './count-lost.js';
import type { TailOptions, TailUser } from './group-tail.js';
import { readGroup } from './read-group.js';

/** Matches the errors of Redis; the others are those of a connection. */
const IS_REPLY = /^[A-Z]{2,} /;

/** Sends a command; `block`: the milliseconds for which a read waits, undefined for none. */
export type SendRead = <T>(
  command: (client: LogClient, block?: number) => Reply<T>,
  request: LogRequest<T>,
) => void;

/**
 * Reads new entries, and asks in front of each read what the streams have lost that no consumer had received. Both commands are
 * sent at once, so that the server executes them one after the other.
 */
export class CheckedReads {
  readonly #options: TailOptions;
  /** True if the server has the script. */
  #isKnown = false;
  /** True if the last read has brought nothing, so that there is time for a thorough look. */
  #isIdle = true;
  #isRefused = false;
  /** True if a reply was lost with its connection, which may have told a loss. */
  #isUnsure = false;

  constructor(options: TailOptions) {
    this.#options = options;
  }

  send(
    send: SendRead,
    users: readonly TailUser[],
    count: number,
    { onReply, onError }: LogRequest<readonly StreamReply[] | null>,
  ): void {
    const { group, consumer, binary } = this.#options;
    const keys = users.map(({ key }) => key);
    if (this.#isIdle || !this.#isRefused) this.#check(send, users, keys);
    send<readonly StreamReply[] | null>(
      (client, block) => readGroup(client, { group, consumer, binary, count, keys, block }),
      {
        onReply: (replies) => {
          this.#isIdle = !replies || replies.length === 0;
          onReply(replies);
        },
        onError: (error) => {
          // The next server may not have the script.
          this.#isKnown = false;
          onError(error);
        },
      },
    );
  }

  #check(send: SendRead, users: readonly TailUser[], keys: readonly string[]): void {
    const { group } = this.#options;
    const isThorough = this.#isIdle || this.#isUnsure;
    const since = this.#isUnsure ? users.map(({ last }) => last) : undefined;
    const options = { isKnown: this.#isKnown, isThorough, since };
    send<readonly number[]>((client) => countLost(client, group, keys, options), {
      onReply: (counts) => {
        this.#isKnown = true;
        this.#isRefused = this.#isUnsure = false;
        users.forEach((user, index) => {
          const count = counts[index] ?? 0;
          if (count !== 0) user.onLost(count > 0 ? count : undefined);
        });
      },
      onError: (error) => {
        this.#isKnown = false;
        if (!IS_REPLY.test(reasonOf(error))) this.#isUnsure = true;
        // Any other error is met by the read, too.
        if (!reasonOf(error).startsWith('NOPERM') || this.#isRefused) return;
        this.#isRefused = true;
        for (const user of users) user.onUncounted(error);
      },
    });
  }
}
