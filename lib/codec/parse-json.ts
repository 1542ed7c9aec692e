/** A text without these words has no harmful key; an escape may hide one. */
const SUSPICIOUS = /__proto__|constructor|\\u/;

/** Parses JSON, and refuses keys that pollute prototypes when the value is merged into another. */
export function parseJson(text: string, reviver?: Parameters<typeof JSON.parse>[1]): unknown {
  const isSuspicious = SUSPICIOUS.test(text);
  if (reviver && !isSuspicious) return JSON.parse(text, reviver);
  const value = JSON.parse(text) as unknown;
  if (isSuspicious) assertHarmless(value);
  return reviver ? JSON.parse(text, reviver) : value;
}

/** Checks the value without recursion, because the publisher determines its depth. */
function assertHarmless(root: unknown): void {
  const waiting = [root];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (typeof value !== 'object' || value === null) continue;
    if (Object.hasOwn(value, '__proto__')) throw new SyntaxError('The JSON has the key "__proto__".');
    if (hasPrototype(Object.getOwnPropertyDescriptor(value, 'constructor')?.value))
      throw new SyntaxError('The JSON has the key "constructor", and in its value the key "prototype".');
    for (const key in value) waiting.push((value as Record<string, unknown>)[key]);
  }
}

function hasPrototype(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype');
}
