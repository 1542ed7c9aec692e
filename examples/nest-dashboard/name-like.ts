const WORDS = ['lobby', 'kitchen', 'garden', 'office'];

/** A name that a pattern matches: `chat:lobby` for `chat:*`. */
export function nameLike(glob: string): string {
  return glob
    .replace(/\[\^?(\\?.)[^\]]*\]/g, '$1')
    .replace(/(?<!\\)\*+/g, () => WORDS[Math.floor(Math.random() * WORDS.length)] ?? '')
    .replace(/(?<!\\)\?/g, 'x')
    .replace(/\\(.)/g, '$1');
}
