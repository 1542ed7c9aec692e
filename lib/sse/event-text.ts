import type { Message } from '../channel.js';
import type { EventFormat } from './event-stream-options.js';

/** A comment, which browsers ignore: it keeps the connection open where proxies close idle ones. */
export const COMMENT = ':\n\n';

/**
 * Returns the text of an event of a message.
 *
 * @param id place from which a browser can resume behind the message
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export function eventOf<T>(message: Message<T>, { event, data }: EventFormat<T>, id?: string): string {
  const name = event?.(message);
  const place = id === undefined ? '' : `id: ${id}\n`;
  const type = name === undefined ? '' : `event: ${inOneLine(name)}\n`;
  return `${place}${type}${dataLines(data ? data(message) : textOf(message.data))}\n`;
}

/** Returns the text of the event that tells a browser of missing messages; an unknown number is undefined or NaN. */
export function gapEvent(dropped: number | undefined): string {
  const content = dropped === undefined || Number.isNaN(dropped) ? {} : { dropped };
  return `event: gap\n${dataLines(JSON.stringify(content))}\n`;
}

/** Returns the text that tells a browser where to resume, though it has received no message yet. */
export function idEvent(id: string): string {
  return `id: ${id}\n\n`;
}

/** Returns the text that tells a browser how many milliseconds it waits before it connects again. */
export function retryEvent(milliseconds: number): string {
  return `retry: ${milliseconds}\n\n`;
}

function dataLines(data: string): string {
  return `data: ${data.split(/\r\n|\r|\n/).join('\ndata: ')}\n`;
}

function inOneLine(text: string): string {
  return text.replace(/[\r\n]+/g, ' ');
}

function textOf(data: unknown): string {
  if (typeof data === 'string') return data;
  // JSON has no undefined, and no functions.
  const text: unknown = JSON.stringify(data);
  return typeof text === 'string' ? text : '';
}
