import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { asyncScheduler } from 'rxjs';
import type { ServerAddress } from './server-address.js';

/** Milliseconds within which a server has to answer a probe. */
const PATIENCE = 2_000;

/** The codes of connections that were not established: a probe would fail in the same way. */
const UNREACHABLE = /^(ECONNREFUSED|ENOTFOUND|ENOENT|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EACCES)$/;
const NO_TLS = /wrong version number|packet length too long/i;
const NO_TLS_CODES = /^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)$/;

/** Milliseconds after which a slow connection is diagnosed, although it has not failed. */
const SLOW = 1_000;

/** The diagnosis of servers that cannot be connected to; it calls back with an error that another attempt cannot fix. */
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
    // A server that is down shows nothing. Once it is up, it may turn out to be the wrong one.
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
    // Among several servers, a single right one is enough.
    const [error] = errors;
    if (error && errors.every(Boolean) && !this.#isOver) this.#onFound(error);
  }
}

/**
 * Finds out, by one probe, why a server ends the connections that it accepts: only one side speaks TLS, or the server is in
 * protected mode. The client's own error does not tell: node-redis hides a reply that comes before its first command, and a
 * server without TLS reads the TLS handshake as a line and waits for its end.
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

/** Returns the server's answer to a PING without TLS; '' if there is none. */
function plainAnswer({ host, port }: TcpAddress): Promise<string> {
  const socket = connect({ host, port });
  socket.on('connect', () => socket.write('PING\r\n'));
  return outcomeOf(socket.setEncoding('latin1'), 'data', '', (answer) => answer as string);
}

/** Returns whether a TLS handshake succeeds. The certificate does not matter, because nothing is sent. */
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
