import { createTraceState, isSpanContextValid, type SpanContext } from '@opentelemetry/api';

/** The start of a payload with a context, `\0tc1 TRACEPARENT TRACESTATE\nPAYLOAD`. No text and no JSON begins with a NUL. */
const MARK = '\0tc1 ';
const MARK_BYTES = Buffer.from(MARK);
const NEWLINE = 0x0a;

/** Version, trace id, parent id and flags of `traceparent`, and `tracestate`; all are missing in the header without a context. */
const HEADER =
  /^(?:(?!ff)[\da-f]{2}-(?<traceId>[\da-f]{32})-(?<spanId>[\da-f]{16})-(?<flags>[\da-f]{2})(?: (?<state>[^\n]+))?)?$/;

/**
 * Returns the text in front of a payload. A payload without a context has none, unless the payload itself begins like a header:
 * an empty header then protects it.
 */
export function header(span: SpanContext | undefined, payload: string | Buffer): string {
  if (!span) return hasMark(payload) ? `${MARK}\n` : '';
  const { traceId, spanId, traceFlags, traceState } = span;
  const state = traceState?.serialize();
  const flags = traceFlags.toString(16).padStart(2, '0');
  return `${MARK}00-${traceId}-${spanId}-${flags}${state ? ` ${state}` : ''}\n`;
}

/** A payload behind its header. */
export interface TracedPayload {
  readonly payload: string | Buffer;
  readonly span: SpanContext | undefined;
}

/** Reads the header of a payload; returns undefined for a payload without one. */
export function readHeader(data: string | Buffer): TracedPayload | undefined {
  if (!hasMark(data)) return undefined;
  const end = typeof data === 'string' ? data.indexOf('\n') : data.indexOf(NEWLINE);
  if (end < 0) return undefined;
  const text =
    typeof data === 'string' ? data.slice(MARK.length, end) : data.toString('latin1', MARK.length, end);
  const parts = HEADER.exec(text)?.groups;
  if (!parts) return undefined;
  const payload = typeof data === 'string' ? data.slice(end + 1) : data.subarray(end + 1);
  const span = spanOf(parts);
  return { payload, span: span && isSpanContextValid(span) ? span : undefined };
}

function spanOf({ traceId, spanId, flags, state }: Partial<Record<string, string>>): SpanContext | undefined {
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  const traceState = state === undefined ? {} : { traceState: createTraceState(state) };
  return { traceId, spanId, traceFlags: parseInt(flags, 16), isRemote: true, ...traceState };
}

function hasMark(payload: string | Buffer): boolean {
  if (typeof payload === 'string') return payload.startsWith(MARK);
  return payload[0] === 0 && payload.subarray(0, MARK_BYTES.length).equals(MARK_BYTES);
}
