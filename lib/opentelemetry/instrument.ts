import type { Attributes, Meter, Observable } from '@opentelemetry/api';
import { assertKnownOptions, invalidArgument, optionNames } from '../internal.js';
import { METRICS, type Instrumentable } from './metrics.js';

/** The options of {@link instrument}. */
export interface InstrumentOptions {
  /**
   * The value of the attribute `redis.receiver.name`, which tells Receivers apart. Two Receivers with one name are one to the
   * meter: only the counts of the later one are exported.
   * @default the number of the call, from 1
   */
  readonly name?: string | undefined;
  /**
   * Further attributes of each value, such as `server.address`.
   * @default none
   */
  readonly attributes?: Attributes | undefined;
}

const OPTIONS = optionNames<InstrumentOptions>({ name: true, attributes: true });

let calls = 0;

/**
 * Exports the counts of a Receiver as metrics of OpenTelemetry. They are read when the meter collects them: a message costs
 * nothing more.
 *
 * ```ts
 * const remove = instrument(receiver, metrics.getMeter('orders'), { name: 'orders' });
 * ```
 *
 * @param meter the meter of the application, as from `metrics.getMeter()` of `@opentelemetry/api`
 * @returns a function that removes the metrics of this Receiver, also as a Disposable; call it when the Receiver has stopped
 * @throws {TypeError} for an unknown or invalid option
 */
export function instrument(
  receiver: Instrumentable,
  meter: Meter,
  options: InstrumentOptions = {},
): (() => void) & Disposable {
  assertArguments(receiver, meter, options);
  const { name = String(++calls), attributes } = options;
  const all = {
    ...attributes,
    'messaging.system': 'redis',
    'messaging.operation.name': 'receive',
    'redis.receiver.name': name,
  };
  const observed = METRICS.map((metric) => {
    const { description, unit } = metric;
    return { ...metric, instrument: meter[metric.create](metric.name, { description, unit }) };
  });
  const instruments: Observable[] = observed.map(({ instrument: one }) => one);
  const collect: Parameters<Meter['addBatchObservableCallback']>[0] = (result) => {
    const { stats } = receiver;
    for (const metric of observed) {
      const value = metric.read(stats, receiver);
      if (value !== undefined) result.observe(metric.instrument, value, all);
    }
  };
  meter.addBatchObservableCallback(collect, instruments);
  const remove = () => meter.removeBatchObservableCallback(collect, instruments);
  return Object.assign(remove, { [Symbol.dispose]: remove });
}

function assertArguments(receiver: unknown, meter: unknown, options: InstrumentOptions): void {
  if (typeof (receiver as Partial<Instrumentable> | null)?.stats !== 'object')
    throw invalidArgument('the first argument of instrument()', 'a Receiver', receiver);
  if (typeof (meter as Partial<Meter> | null)?.addBatchObservableCallback !== 'function') {
    const advice = 'Pass the return value of metrics.getMeter().';
    throw invalidArgument('the meter', 'one of OpenTelemetry', meter, advice);
  }
  assertKnownOptions('the options of instrument()', options, OPTIONS);
  const { name, attributes } = options;
  if (name !== undefined && typeof name !== 'string')
    throw invalidArgument("the option 'name'", 'a string', name);
  if (attributes !== undefined && (typeof attributes !== 'object' || (attributes as unknown) === null))
    throw invalidArgument("the option 'attributes'", 'an object', attributes);
}
