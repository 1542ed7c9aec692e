const LONGEST = 60;

/** Creates a TypeError with the expected and the actual value, and advice; its `code` is `ERR_INVALID_ARGUMENT`. */
export function invalidArgument(name: string, expected: string, actual: unknown, advice = ''): TypeError {
  const text = `Expected ${name} to be ${expected}, got ${describe(actual)}.${advice && ` ${advice}`}`;
  return Object.assign(new TypeError(text), { code: 'ERR_INVALID_ARGUMENT' });
}

/** Removes the user and password of a URL, even if the text is not a URL because its scheme is missing. */
function withoutPassword(text: string): string {
  return text.replace(/^([^/]*\/\/)?.*:.*@/s, '$1…@');
}

function describe(value: unknown): string {
  if (typeof value === 'string') {
    const text = withoutPassword(value);
    return JSON.stringify(text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);
  }
  if (typeof value === 'function') return `the function ${value.name || '(anonymous)'}`;
  if (typeof value !== 'object' || value === null) return String(value);
  const prototype = Object.getPrototypeOf(value) as { constructor?: { name?: string } } | null;
  return `an object (${prototype?.constructor?.name ?? 'no prototype'})`;
}
