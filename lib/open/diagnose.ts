import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { asyncScheduler } from 'rxjs';
import type { ServerAddress } from './server-address.js';

/** Milliseconds that a server has to answer a probe. */
const PATIENCE = 2_000;

/** Codes of a connection that did not come about: a probe would fare no better. */
const UNREACHABLE = /^(ECONNREFUSED|ENOTFOUND|ENOENT|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EACCES)$/;
const NO_TLS = /wrong version number|packet length too long/i;
const NO_TLS_CODES = /^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)$/;

/** Milliseconds after which a connection that does not come about is looked into, though it has not failed. */
const SLOW = 1_000;

/** Looks into why servers cannot be connected to, and calls back with an error that another try would not mend. */
export class Diagnosis {
  readonly #addresses: readonly ServerAddress[];
  readonly #onFound: (error: Error) => void;
  readonly #timer = asyncScheduler.schedule(() => void this.#look(undefined), SLOW);
  #hasSeenFailure = false;
  #isLooking = false;
  #isOver = false;

  constructor(addresses: readonly ServerAddress[], onFound: (error: Error) => void) {
    this.#addresses = addresses;
    this.#onFound = onFound;
  }

  onFailedTry(error: unknown): void {
    // Nothing is to be seen of a server that is down: it may be found to be the wrong one once it is up.
    if (this.#hasSeenFailure || this.#isLooking || UNREACHABLE.test(codeOf(error))) return;
    this.#hasSeenFailure = true;
    void this.#look(error);
  }

  end(): void {
    this.#isOver = true;
    this.#timer.unsubscribe();
  }

  async #look(failure: unknown): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const errors = await Promise.all(this.#addresses.map((address) => diagnose(address, failure)));
    this.#isLooking = false;
    // Of several servers, one that is the right one is enough.
    const [error] = errors;
    if (error && errors.every(Boolean) && !this.#isOver) this.#onFound(error);
  }
}

/**
 * Finds out, by one probe, why a server ends the connections that it accepts: it speaks TLS and the client does not, or the
 * other way round, or it is in protected mode. The client's own error does not tell: node-redis does not show an answer that
 * comes before its first command, and a server without TLS waits for the end of the line that a TLS handshake is to it.
 */
async function diagnose(address: ServerAddress, failure: unknown): Promise<Error | undefined> {
  if ('path' in address) return undefined;
  if (address.isTls) {
    if (isNoTls(failure)) return noTls(failure);
    return /^[-+]/.test(await plainAnswer(address)) ? noTls(failure) : undefined;
  }
  const [answer, speaksTls] = await Promise.all([plainAnswer(address), handshakes(address)]);
  if (answer.startsWith('-DENIED ')) return withCause(answer.slice(1).trim(), failure);
  return speaksTls
    ? mismatch('The server speaks TLS on this port: use rediss:// or socket: { tls: true }.', failure)
    : undefined;
}

function isNoTls(failure: unknown): boolean {
  return NO_TLS_CODES.test(codeOf(failure)) || NO_TLS.test(String(failure));
}

function noTls(cause: unknown): Error {
  return mismatch('The server does not speak TLS on this port: use redis://, or the port that does.', cause);
}

function mismatch(message: string, cause: unknown): Error {
  return Object.assign(withCause(message, cause), { code: 'ERR_TLS_MISMATCH' });
}

function withCause(message: string, cause: unknown): Error {
  return new Error(message, cause === undefined ? undefined : { cause });
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException | undefined)?.code ?? '';
}

type TcpAddress = Exclude<ServerAddress, { path: string }>;

/** Returns what the server answers to a PING without TLS; '' if nothing. */
function plainAnswer({ host, port }: TcpAddress): Promise<string> {
  const socket = connect({ host, port });
  socket.on('connect', () => socket.write('PING\r\n'));
  return outcomeOf(socket.setEncoding('latin1'), 'data', '', (answer) => answer as string);
}

/** Returns whether a TLS handshake succeeds. The certificate is of no interest: nothing is sent. */
function handshakes({ host, port }: TcpAddress): Promise<boolean> {
  const socket = connectTls({ host, port, rejectUnauthorized: false });
  return outcomeOf(socket, 'secureConnect', false, () => true);
}

function outcomeOf<T>(socket: Socket, event: string, otherwise: T, read: (value: unknown) => T): Promise<T> {
  return new Promise((resolve) => {
    socket.once(event, (value) => {
      resolve(read(value));
      socket.destroy();
    });
    socket.on('error', () => undefined).on('close', () => resolve(otherwise));
    socket.setTimeout(PATIENCE, () => socket.destroy());
  });
}
