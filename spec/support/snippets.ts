/** A fenced code block of a Markdown text. */
export interface Block {
  readonly language: string;
  readonly code: string;
  /** The number of its first line of code, from 1. */
  readonly line: number;
  /** The reason why it is not run, from a comment right before it. */
  readonly notRun?: string;
}

export interface Snippet extends Block {
  /** The expected output: the `text` block right after it. */
  readonly prints?: string;
}

const RUN = 'ts';
const SCRIPT_LANGUAGES = new Set([
  'typescript',
  'tsx',
  'mts',
  'cts',
  'js',
  'javascript',
  'mjs',
  'cjs',
  'jsx',
]);
const FENCE = /^(?<indent>\s*)(?<ticks>`{3,})(?<language>[^\s`]*)/;
const NOT_RUN = /^\s*<!-- not run: (?<reason>\S.*?) -->\s*$/;

/** Returns the scripts in a Markdown text, in order. */
export function snippets(markdown: string): Snippet[] {
  const items = parse(markdown);
  return items.flatMap((item, index) => {
    if (typeof item === 'string' || item.language !== RUN) return [];
    const next = items[index + 1];
    const isOutput = typeof next === 'object' && next.language === 'text';
    return isOutput ? { ...item, prints: next.code } : item;
  });
}

/** Returns the code blocks that are not run and give no reason. */
export function unexplained(markdown: string): Block[] {
  return parse(markdown).filter(
    (item): item is Block =>
      typeof item !== 'string' && SCRIPT_LANGUAGES.has(item.language) && item.notRun === undefined,
  );
}

/** Returns the blocks, and the lines between them that are not blank. */
function parse(markdown: string): (Block | string)[] {
  const lines = markdown.split(/\r?\n/);
  const items: (Block | string)[] = [];
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? '';
    const fence = FENCE.exec(line)?.groups;
    if (!fence) {
      if (line.trim()) items.push(line);
      continue;
    }
    const { indent = '', ticks = '', language = '' } = fence;
    const first = index + 1;
    index = first;
    while (index < lines.length && lines[index]?.trim() !== ticks) index += 1;
    const code = lines
      .slice(first, index)
      .map((text) => (text.startsWith(indent) ? text.slice(indent.length) : text));
    const comment = items.at(-1);
    const notRun = typeof comment === 'string' ? NOT_RUN.exec(comment)?.groups?.reason : undefined;
    items.push({
      language,
      code: code.join('\n'),
      line: first + 1,
      ...(notRun === undefined ? {} : { notRun }),
    });
  }
  return items;
}
