import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseConfigFileTextToJson } from 'typescript';
import { documents } from '../support/documents.js';
import { brokenLinks, brokenPageLinks } from '../support/links.js';
import { missingPaths } from '../support/paths.js';
import { ROOT } from '../support/root.js';
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

    for (const document of texts) {
      it(`${document.path} gives a reason for every script that is not run`, () => {
        expect(unexplained(document.markdown)).toEqual([]);
      });

      it(`${document.path} links to files and headings that exist`, () => {
        expect(brokenLinks(document)).toEqual([]);
      });

      it(`${document.path} names files and folders that exist`, () => {
        expect(missingPaths(document)).toEqual([]);
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

it('retries with the operator that passes on final errors', () => {
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

function readJson(path: string): unknown {
  return parseConfigFileTextToJson(path, readFileSync(join(ROOT, path), 'utf8')).config;
}

const fenced = (language: string, code: string): string => ['```' + language, code, '```'].join('\n');

describe('the broken links of a text', () => {
  const broken = (markdown: string) => brokenLinks({ path: 'docs/guide.md', markdown });

  it('are those to files and headings that do not exist', () => {
    const links = [
      'nothing.md',
      'guide.md#nothing',
      '../../outside',
      'guide.md#pull',
      '../README.md#install',
    ];
    const markdown = links.map((link) => `[text](${link})`).join('\n\n');
    expect(broken(markdown)).toEqual(['nothing.md', 'guide.md#nothing', '../../outside']);
  });

  it('are searched neither in code nor on other sites', () => {
    const code = fenced('sh', 'echo "[text](nothing.md)"');
    expect(broken(['[text](https://redis.io/nothing)', code].join('\n\n'))).toEqual([]);
  });
});

describe('the broken links of a page', () => {
  const broken = (html: string) => brokenPageLinks({ path: 'examples/nest-dashboard/page/index.html', html });

  it('are those to files and elements that do not exist', () => {
    const links = [
      'nothing.html',
      'index.html#nothing',
      'index.html#waiting',
      'index.html',
      '#',
      '../serve.ts',
    ];
    const html = links.map((link) => `<a href="${link}">text</a>`).join('');
    expect(broken(html)).toEqual(['nothing.html', 'index.html#nothing']);
    expect(broken('<img src="nothing.png">')).toEqual(['nothing.png']);
  });

  it('are not searched on other sites', () => {
    expect(broken('<a href="https://redis.io/nothing">text</a>')).toEqual([]);
  });
});

it('has an API reference of every entry point of the package', () => {
  const { exports } = readJson('package.json') as { exports: Record<string, { import?: { types: string } }> };
  const entries = Object.values(exports).flatMap((entry) => entry.import?.types ?? []);
  const sources = entries.map((types) => types.replace('./dist/esm/', 'lib/').replace('.d.ts', '.ts'));
  expect(readJson('typedoc.jsonc')).toMatchObject({ entryPoints: sources });
});

describe('the missing paths of a text', () => {
  const missing = (markdown: string) => missingPaths({ path: 'docs/guide.md', markdown });

  it('are those of files and folders that exist neither in the repository nor in `lib` or `spec`', () => {
    const paths = ['lib/nothing', 'hub/nothing.ts', 'nothing.ts', 'spec/docs', 'hub/hub.ts', 'outbox.ts'];
    const markdown = paths.map((path) => `\`${path}\``).join(' ');
    expect(missing(markdown)).toEqual(['lib/nothing', 'hub/nothing.ts', 'nothing.ts']);
    expect(missing(fenced('mermaid', 'a["lib/nothing · lib/hub<br>text"]'))).toEqual(['lib/nothing']);
  });

  it('include neither packages nor files that the reader creates', () => {
    expect(missing('`rx-redis-receiver/testing` `@nestjs/testing` `mine.mts` `node_modules/.cache`')).toEqual(
      [],
    );
  });
});

describe('the snippets of a text', () => {
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

  it('leave out other scripts, which need a reason', () => {
    const signature = fenced('typescript', 'declare function f(): void;');
    const text = [signature, '<!-- not run: a signature -->', signature, fenced('sh', 'ls')].join('\n');
    expect(snippets(text)).toEqual([]);
    expect(unexplained(text).map(({ line }) => line)).toEqual([2]);
  });
});
