import { ESCAPE } from './template.js';

/** Escapes the separators of a template in the values of its parameters, and reads them back. */
export class ParamCodec {
  readonly #escapes: ReadonlyMap<string, string>;
  readonly #characters: ReadonlyMap<string, string>;
  readonly #escaped: RegExp;
  /** The expression for one parameter: escapes, and characters that are neither separators nor the beginning of an escape. */
  readonly source: string;

  constructor(separators: Iterable<string>) {
    const escapes = [ESCAPE, ...separators].map((character) => [character, escapeOf(character)] as const);
    this.#escapes = new Map(escapes);
    this.#characters = new Map(escapes.map(([character, escape]) => [escape, character]));
    const known = [...this.#characters.keys()].join('|');
    this.#escaped = new RegExp(known, 'g');
    const excluded = [...this.#escapes.keys()]
      .map((character) => character.replace(/[\\\]^-]/, '\\$&'))
      .join('');
    // No text matches two of these in two ways, so that the time is linear.
    this.source = `((?:${known}|[^${excluded}]|${ESCAPE}(?!${known.replaceAll(ESCAPE, '')}))+)`;
  }

  /** Escapes the separators; `isLast`: nothing follows the parameter, so that it may contain separators as they are. */
  encode(value: string, isLast: boolean): string {
    if (isLast) return value.replaceAll(ESCAPE, escapeOf(ESCAPE));
    return Array.from(value, (character) => this.#escapes.get(character) ?? character).join('');
  }

  decode(text: string): string {
    if (!text.includes(ESCAPE)) return text;
    return text.replace(this.#escaped, (escape) => this.#characters.get(escape) ?? escape);
  }
}

/** Returns the percent-encoding of a character, as in a URL. */
function escapeOf(character: string): string {
  const bytes = Array.from(Buffer.from(character), (byte) =>
    byte.toString(16).toUpperCase().padStart(2, '0'),
  );
  return bytes.map((byte) => `${ESCAPE}${byte}`).join('');
}
