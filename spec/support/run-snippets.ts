import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ROOT } from './root.js';
import { runScript } from './run-script.js';
import type { Snippet } from './snippets.js';

/** Snippets as files inside the repository, where their imports resolve as they do for a user. */
export class SnippetFolder {
  readonly #path = mkdtempSync(join(ROOT, '.snippets-'));

  constructor() {
    const config = {
      extends: '../tsconfig.json',
      compilerOptions: { types: ['node'] },
      include: ['*.ts', '../lib'],
    };
    writeFileSync(join(this.#path, 'tsconfig.json'), JSON.stringify(config));
  }

  /** Runs a snippet; resolves with its output, and rejects if it fails or does not end. */
  run(document: string, snippet: Snippet, redisUrl: string): Promise<string> {
    return runScript(this.write(document, snippet), { redisUrl });
  }

  /** Type-checks the written snippets; throws the errors of the compiler. */
  check(): void {
    const tsc = createRequire(__filename).resolve('typescript/bin/tsc');
    try {
      execFileSync(process.execPath, [tsc, '--project', this.#path], { encoding: 'utf8' });
    } catch (error) {
      throw new Error((error as { stdout?: string }).stdout, { cause: error });
    }
  }

  write(document: string, { line, code }: Snippet): string {
    const name = `${document.replace(/\W/g, '-')}-${String(line)}.ts`;
    const file = join(this.#path, name);
    // Blank lines before the snippet give its lines the numbers that they have in the document.
    writeFileSync(file, `${'\n'.repeat(line - 1)}${code}\nexport {};\n`);
    return file;
  }

  remove(): void {
    rmSync(this.#path, { recursive: true, force: true });
  }
}
