import { once } from 'node:events';
import { connect } from 'node:net';
import type { WayToListen } from './way-to-listen.js';

const CR = 13;
const ZERO = 48;
const BULK = 36;

/** Lower bound: a socket, and a parser of RESP2 that covers only the replies of this benchmark. */
export const rawSocket: WayToListen = async ({ url, byPattern, prefix }, names, onMessage) => {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  const asked = byPattern ? ['PSUBSCRIBE', `${prefix}*`] : ['SUBSCRIBE', ...names];
  socket.write(`*${asked.length}\r\n${asked.map((text) => `$${text.length}\r\n${text}\r\n`).join('')}`);

  const acknowledgements = byPattern ? 1 : names.length;
  let replies = 0;
  let rest: Buffer | undefined;
  await new Promise<void>((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      const bytes = rest ? Buffer.concat([rest, chunk]) : chunk;
      let at = 0;
      for (let end = readReply(bytes, at); end !== -1; end = readReply(bytes, at)) {
        at = end;
        if (replies === acknowledgements) onMessage(text(bytes, parts - 2), text(bytes, parts - 1));
        else if (++replies === acknowledgements) resolve();
      }
      rest = at < bytes.length ? bytes.subarray(at) : undefined;
    });
  });
};

/** Start and end of each part of the last reply, one after the other. */
const bounds = new Uint32Array(8);
let parts = 0;
/** Index after the number that was read last. */
let next = 0;

/** Returns the index after the reply that begins at `start`; -1 if the reply is not complete. */
function readReply(bytes: Buffer, start: number): number {
  parts = readNumber(bytes, start + 1);
  if (parts === -1) return -1;
  let at = next;
  for (let part = 0; part < parts; part++) {
    const isBulk = bytes[at] === BULK;
    const number = readNumber(bytes, at + 1);
    if (number === -1) return -1;
    at = next;
    if (!isBulk) continue;
    bounds[part * 2] = at;
    bounds[part * 2 + 1] = at + number;
    at += number + 2;
    if (at > bytes.length) return -1;
  }
  return at;
}

function readNumber(bytes: Buffer, start: number): number {
  let value = 0;
  for (let at = start; at + 1 < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte === CR) {
      next = at + 2;
      return value;
    }
    value = value * 10 + byte - ZERO;
  }
  return -1;
}

function text(bytes: Buffer, part: number): string {
  return bytes.toString('utf8', bounds[part * 2], bounds[part * 2 + 1]);
}
