/** Test of one byte. */
type ByteTest = (byte: number) => boolean;
type Token = ByteTest | typeof STAR;

interface Parsed<T> {
  readonly value: T;
  /** Index at which the glob continues. */
  readonly next: number;
}

const STAR = Symbol('*');
const ANY: ByteTest = () => true;
const CODE = {
  star: 0x2a,
  hyphen: 0x2d,
  question: 0x3f,
  open: 0x5b,
  backslash: 0x5c,
  close: 0x5d,
  caret: 0x5e,
};

/** Depth limit of Redis, which recurses for each star that has something behind it, and matches nothing beyond the limit. */
const DEEPEST = 1_000;

/**
 * Returns the test of a glob for the bytes of a channel's name. As in Redis, a glob matches byte for byte: `?` stands for
 * one byte, so a character of two bytes in UTF-8 needs two of them.
 */
export function compileGlob(glob: string): (name: Uint8Array) => boolean {
  const tokens = parse(Buffer.from(glob));
  const depth = tokens.filter((token, index) => token === STAR && isNoStar(tokens[index + 1])).length;
  if (depth > DEEPEST) return () => false;
  // Redis does not read the pattern for an empty name: not even `*` matches it.
  return (name) => (name.length === 0 ? tokens.length === 0 : matches(tokens, name));
}

function isNoStar(token: Token | undefined): boolean {
  return token !== undefined && token !== STAR;
}

/**
 * Returns whether the tokens match. A mismatch backtracks to the last star alone: the last star can take any byte that an
 * earlier one could.
 */
function matches(tokens: readonly Token[], name: Uint8Array): boolean {
  let token = 0;
  let at = 0;
  let afterStar = -1;
  let taken = 0;
  while (at < name.length) {
    const test = tokens[token];
    if (test === STAR) {
      afterStar = ++token;
      taken = at;
    } else if (test?.(name[at] as number)) {
      token++;
      at++;
    } else if (afterStar >= 0) {
      token = afterStar;
      at = ++taken;
    } else {
      return false;
    }
  }
  while (tokens[token] === STAR) token++;
  return token === tokens.length;
}

function parse(glob: Uint8Array): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < glob.length;) {
    const { value, next } = parseToken(glob, at);
    tokens.push(value);
    at = next;
  }
  return tokens;
}

function parseToken(glob: Uint8Array, at: number): Parsed<Token> {
  switch (glob[at]) {
    case CODE.star:
      return { value: STAR, next: at + 1 };
    case CODE.question:
      return { value: ANY, next: at + 1 };
    case CODE.open:
      return parseSet(glob, at + 1);
    default:
      return parseLiteral(glob, at);
  }
}

/** Parses a literal byte. A backslash makes the next byte literal; at the end of the glob, a backslash stands for itself. */
function parseLiteral(glob: Uint8Array, at: number): Parsed<ByteTest> {
  const isEscape = glob[at] === CODE.backslash && at + 1 < glob.length;
  const literal = glob[isEscape ? at + 1 : at];
  return { value: (byte) => byte === literal, next: at + (isEscape ? 2 : 1) };
}

/** Parses a set between brackets. Without a closing bracket, the set extends to the end of the glob. */
function parseSet(glob: Uint8Array, start: number): Parsed<ByteTest> {
  const isNegated = glob[start] === CODE.caret;
  const members: ByteTest[] = [];
  let at = isNegated ? start + 1 : start;
  while (at < glob.length && glob[at] !== CODE.close) {
    const { value, next } = parseMember(glob, at);
    members.push(value);
    at = next;
  }
  return { value: (byte) => members.some((test) => test(byte)) !== isNegated, next: at + 1 };
}

/** Parses a member of a set. Any byte can be the end of a range, even a closing bracket or a backslash. */
function parseMember(glob: Uint8Array, at: number): Parsed<ByteTest> {
  const isRange = glob[at + 1] === CODE.hyphen && at + 2 < glob.length;
  const isEscape = glob[at] === CODE.backslash && at + 1 < glob.length;
  if (isEscape || !isRange) return parseLiteral(glob, at);
  const ends = [signed(glob[at] as number), signed(glob[at + 2] as number)] as const;
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  return { value: (byte) => signed(byte) >= low && signed(byte) <= high, next: at + 3 };
}

/**
 * Returns the value of a byte as C's `char`, by which Redis compares the ends of a range: on most machines, bytes above 127
 * come before the others.
 */
function signed(byte: number): number {
  return byte < 0x80 ? byte : byte - 0x100;
}
