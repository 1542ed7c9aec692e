import { compileGlob } from '../glob.js';
import { escapeGlob } from '../topics/escape-glob.js';

/** One key, or the keys of a glob. */
export interface KeyMatcher {
  /** The key, if it is only one, and can be part of the name of a channel. */
  readonly literal: string | undefined;
  /** A glob for the name of a channel; it may match other keys, too. */
  readonly glob: string;
  matches(key: Buffer): boolean;
}

export function keyMatcher(key: string | Buffer): KeyMatcher {
  if (typeof key !== 'string') return exactly(Buffer.from(key));
  const literal = literalOf(key);
  if (literal !== undefined) return exactly(Buffer.from(literal));
  const matches = compileGlob(key);
  // A glob never matches an empty name; a key, which is only the end of a name, may be empty.
  const matchesEmpty = /^\*+$/.test(key);
  return {
    literal: undefined,
    glob: key,
    matches: (bytes) => (bytes.length === 0 ? matchesEmpty : matches(bytes)),
  };
}

function exactly(key: Buffer): KeyMatcher {
  const matches = (other: Buffer) => key.equals(other);
  const literal = key.toString();
  if (Buffer.from(literal).equals(key)) return { literal, glob: escapeGlob(literal), matches };
  // The client sends names as UTF-8, which cannot have these bytes: in a glob, `?` stands for any one byte.
  const characters = Array.from(key, (byte) => (byte < 0x80 ? escapeGlob(String.fromCharCode(byte)) : '?'));
  return { literal: undefined, glob: characters.join(''), matches };
}

/** Returns the only text that a glob matches; undefined if there are more. */
function literalOf(glob: string): string | undefined {
  const rest = glob.replace(/\\[^]/g, '');
  return /[*?[]/.test(rest) ? undefined : glob.replace(/\\([^])/g, '$1');
}
