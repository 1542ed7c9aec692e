/** Compares as jest does, with asymmetric matchers such as `expect.any`: for {@link marbles}. */
export function assertEqual(actual: unknown, expected: unknown): void {
  expect(actual).toEqual(expected);
}
