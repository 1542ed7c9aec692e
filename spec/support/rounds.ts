const { PROPERTY_RUNS, PROPERTY_TIER } = process.env;

/**
 * Returns the rounds of a property test: a quarter of them in `npm test`, all with `PROPERTY_TIER=long`, and any number with
 * `PROPERTY_RUNS`.
 */
export function rounds(all: number): number {
  if (PROPERTY_RUNS) return Number(PROPERTY_RUNS);
  return PROPERTY_TIER === 'long' ? all : Math.ceil(all / 4);
}
