import { documents } from '../support/documents.js';
import { SnippetFolder } from '../support/run-snippets.js';
import { sharedRedis } from '../support/shared-redis.js';
import { snippets, unexplained } from '../support/snippets.js';

const texts = documents();
const shown = texts.flatMap(({ path, markdown }) => snippets(markdown).map((snippet) => ({ path, snippet })));

if (texts.length > 0) {
  describe('the documentation', () => {
    const redis = sharedRedis();
    const folder = new SnippetFolder();
    afterAll(() => folder.remove());

    for (const { path, markdown } of texts) {
      it(`${path} says of every script that is not run why`, () => {
        expect(unexplained(markdown)).toEqual([]);
      });
    }

    for (const { path, snippet } of shown) {
      it(`${path}:${String(snippet.line)} runs as it stands`, async () => {
        const printed = await folder.run(path, snippet, redis.url);
        if (snippet.prints !== undefined) expect(printed.trim()).toBe(snippet.prints.trim());
      }, 40_000);
    }

    if (shown.length > 0) {
      it('shows scripts that compile', () => {
        for (const { path, snippet } of shown) folder.write(path, snippet);
        expect(() => folder.check()).not.toThrow();
      }, 60_000);
    }
  });
}

it('retries with the operator that hands on what is final', () => {
  const using = (call: RegExp) =>
    shown
      .filter(({ snippet }) => call.test(snippet.code))
      .map(({ path, snippet }) => `${path}:${snippet.line}`);
  expect(using(/\bretry\(\)/)).toEqual([]);
  expect(using(/\bretryRecoverable\(/).join()).toContain('README.md');
});

it('names the packages that a Nest application needs', () => {
  const markdown = texts.find(({ path }) => path === 'docs/nestjs.md')?.markdown ?? '';
  const needed = snippets(markdown).flatMap(({ code }) =>
    [...code.matchAll(/ from '((?:@[\w-]+\/)?[\w-]+)[^:']*'/g)].map(([, name]) => name as string),
  );
  const prose = markdown.replace(/```.*?```/gs, '');
  const named = [...prose.matchAll(/`([^`]+)`/g)].flatMap(([, words]) => words?.split(' '));
  expect(needed).toContain('@nestjs/microservices');
  expect([...new Set(needed)].filter((name) => !named.includes(name))).toEqual([]);
});

describe('the snippets of a text', () => {
  const fenced = (language: string, code: string): string => ['```' + language, code, '```'].join('\n');
  const script = fenced('ts', 'run();');

  it('are its ts blocks, each with its line and the output right after it', () => {
    const text = ['# Title', script, '', fenced('text', 'done'), script, 'Prose.', fenced('text', 'no')].join(
      '\n',
    );
    expect(snippets(text)).toEqual([
      { language: 'ts', code: 'run();', line: 3, prints: 'done' },
      { language: 'ts', code: 'run();', line: 10 },
    ]);
  });

  it('lose the indentation of a list', () => {
    const text = ['- item', '  ```ts', '  if (a) {', '    b();', '  }', '  ```'].join('\n');
    expect(snippets(text).map(({ code }) => code)).toEqual(['if (a) {\n  b();\n}']);
  });

  it('leave out other scripts, which have to say why', () => {
    const signature = fenced('typescript', 'declare function f(): void;');
    const text = [signature, '<!-- not run: a signature -->', signature, fenced('sh', 'ls')].join('\n');
    expect(snippets(text)).toEqual([]);
    expect(unexplained(text).map(({ line }) => line)).toEqual([2]);
  });
});
