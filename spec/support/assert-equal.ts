/** jest's own comparison, which knows `expect.any` and its like: for {@link marbles}. */
export function assertEqual(actual: unknown, expected: unknown): void {
  expect(actual).toEqual(expected);
}
