import { mergeMapBounded } from 'rx-redis-receiver';
import { concatMap, mergeMap, of, type OperatorFunction } from 'rxjs';

const CONCURRENT = 16;
const KEYS = 32;

// eslint-disable-next-line @typescript-eslint/require-await -- A handler that does nothing.
const later = async (value: number): Promise<number> => value;
const stream = (value: number) => of(value);
const array = (value: number) => [value];
const key = (value: number) => value % KEYS;

/** Operators with a handler, by key. The handlers do nothing, to show the cost of the operators themselves. */
export const WAYS_TO_HANDLE: Readonly<Record<string, () => OperatorFunction<number, number>>> = {
  concatMap: () => concatMap(later),
  mergeMap: () => mergeMap(later, CONCURRENT),
  bounded: () => mergeMapBounded(later),
  boundedConcurrent: () => mergeMapBounded(later, { concurrent: CONCURRENT }),
  boundedByKey: () => mergeMapBounded(later, { concurrent: CONCURRENT, key }),
  boundedByOwnKey: () => mergeMapBounded(later, { concurrent: CONCURRENT, key: (value) => value }),
  mergeMapOfStream: () => mergeMap(stream),
  mergeMapOfArray: () => mergeMap(array),
  boundedOfStream: () => mergeMapBounded(stream),
  boundedOfArray: () => mergeMapBounded(array),
  boundedOfStreamByKey: () => mergeMapBounded(stream, { concurrent: CONCURRENT, key }),
};
