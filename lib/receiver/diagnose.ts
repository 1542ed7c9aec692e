import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ServerAddress } from './server-address.js';

/** Milliseconds that a server has to answer a probe. */
const PATIENCE = 2_000;

/** Codes of a connection that did not come about: a probe would fare no better. */
const UNREACHABLE = /^(ECONNREFUSED|ENOTFOUND|ENOENT|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EACCES)$/;
const NO_TLS = /wrong version number|packet length too long/i;
const NO_TLS_CODES = /^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)$/;

/**
 * Finds out, by one probe, why a server ends the connections that it accepts: it speaks TLS and the client does not, or the
 * other way round, or it is in protected mode. The client's own error does not tell: node-redis does not show an answer that
 * comes before its first command, and a server without TLS waits for the end of the line that a TLS handshake is to it.
 */
export async function diagnose(address: ServerAddress, failure: unknown): Promise<Error | undefined> {
  if ('path' in address || UNREACHABLE.test(codeOf(failure))) return undefined;
  if (address.isTls) {
    if (isNoTls(failure)) return noTls(failure);
    return /^[-+]/.test(await plainAnswer(address)) ? noTls(failure) : undefined;
  }
  const [answer, speaksTls] = await Promise.all([plainAnswer(address), handshakes(address)]);
  if (answer.startsWith('-DENIED ')) return new Error(answer.slice(1).trim(), { cause: failure });
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
  return Object.assign(new Error(message, { cause }), { code: 'ERR_TLS_MISMATCH' });
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException | undefined)?.code ?? '';
}

type TcpAddress = Exclude<ServerAddress, { path: string }>;

/** Returns what the server answers to a PING without TLS; '' if nothing. */
function plainAnswer({ host, port }: TcpAddress): Promise<string> {
  const socket = connect({ host, port });
  socket.on('connect', () => socket.write('PING\r\n'));
  return outcomeOf(socket, 'data', '', (bytes) => String(bytes));
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
