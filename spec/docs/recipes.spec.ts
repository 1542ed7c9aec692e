import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../support/root.js';
import { runScript } from '../support/run-script.js';
import { sharedRedis } from '../support/shared-redis.js';

const EXCERPT =
  /<!-- not run: from (?<file>\S+) -->\n+```typescript\n(?<code>.*?)```\n+```text\n(?<prints>.*?)```/gs;

interface Excerpt {
  file: string;
  code: string;
  prints: string;
}

const markdown = readFileSync(join(ROOT, 'docs/recipes.md'), 'utf8');
const excerpts = [...markdown.matchAll(EXCERPT)].map(({ groups }) => groups as unknown as Excerpt);

describe('a recipe', () => {
  const redis = sharedRedis();

  it('shows every excerpt with the output of its example', () => {
    expect(excerpts).toHaveLength(markdown.match(/not run: from/g)?.length ?? 0);
  });

  describe.each(excerpts)('with an excerpt from $file', ({ file, code, prints }) => {
    it('shows lines of the file', () => {
      expect(unindented(readFileSync(join(ROOT, file), 'utf8'))).toContain(unindented(code));
    });

    it('shows the output of the file', async () => {
      await expect(runScript(file, { redisUrl: redis.url })).resolves.toBe(prints);
    }, 40_000);
  });
});

function unindented(code: string): string {
  return code.replace(/^ +/gm, '');
}
