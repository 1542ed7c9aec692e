import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../support/root.js';
import { runScript } from '../support/run-script.js';
import { sharedRedis } from '../support/shared-redis.js';

const EXCERPT =
  /<!-- not run: from (?<file>\S+) -->\n+```typescript\n(?<code>.*?)```(?:\n+```text\n(?<prints>.*?)```)?/gs;

interface Excerpt {
  file: string;
  code: string;
  prints: string | undefined;
}

const documents = ['docs/recipes.md', 'docs/topics.md'].map((path) => {
  const markdown = readFileSync(join(ROOT, path), 'utf8');
  const excerpts = [...markdown.matchAll(EXCERPT)].map(({ groups }) => groups as unknown as Excerpt);
  return { path, markdown, excerpts };
});

describe.each(documents)('the excerpts in $path', ({ markdown, excerpts }) => {
  const redis = sharedRedis();
  const printing = excerpts.filter(({ prints }) => prints !== undefined);

  it('are all found, with the output of at least one program', () => {
    expect(excerpts).toHaveLength(markdown.match(/not run: from/g)?.length ?? 0);
    expect(printing).not.toEqual([]);
  });

  it.each(excerpts)('are lines of $file', ({ file, code }) => {
    expect(unindented(readFileSync(join(ROOT, file), 'utf8'))).toContain(unindented(code));
  });

  it.each(printing)(
    'have the output of $file',
    async ({ file, prints }) => {
      await expect(runScript(file, { redisUrl: redis.url })).resolves.toBe(prints);
    },
    40_000,
  );
});

it('shows every recipe with the output of its program', () => {
  const [recipes] = documents;
  expect(recipes?.excerpts.filter(({ prints }) => prints === undefined)).toEqual([]);
});

function unindented(code: string): string {
  return code.replace(/^ +/gm, '');
}
