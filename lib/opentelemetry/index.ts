/**
 * OpenTelemetry for Receivers: {@link instrument} exports their counts as metrics, and {@link traced} carries the context of a
 * trace with each message. Needs `@opentelemetry/api`.
 *
 * @module rx-redis-receiver/opentelemetry
 */

export { instrument, type InstrumentOptions } from './instrument.js';
export type { Instrumentable } from './metrics.js';
export { traced, traceLinks } from './traced.js';
