const { PROPERTY_RUNS, PROPERTY_TIER } = process.env;

/**
 * Returns the rounds of a property test: some of them in `npm test`, by default an eighth; all with `PROPERTY_TIER=long`; and
 * any number with `PROPERTY_RUNS`.
 */
export function rounds(all: number, some = Math.ceil(all / 8)): number {
  if (PROPERTY_RUNS) return Number(PROPERTY_RUNS);
  return PROPERTY_TIER === 'long' ? all : some;
}
