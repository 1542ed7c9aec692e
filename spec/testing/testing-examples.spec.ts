import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../support/root.js';

const vitest = join(dirname(createRequire(__filename).resolve('vitest/package.json')), 'vitest.mjs');

/** Runs the examples with another test runner, and resolves with its output. */
async function run(...args: string[]): Promise<string> {
  // With the variables of this runner, the other one would take itself for a part of it.
  const {
    NODE_ENV: _env,
    NODE_OPTIONS: _options,
    JEST_WORKER_ID: _id,
    FORCE_COLOR: _colour,
    ...env
  } = process.env;
  const options = { cwd: ROOT, env: { ...env, NO_COLOR: '1' } };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, options);
  return stdout + stderr;
}

describe('the examples of tests', () => {
  it('run with vitest', async () => {
    const output = await run(vitest, 'run', '--config', 'examples/testing/vitest/vitest.config.ts');
    expect(output).toMatch(/Tests +2 passed \(2\)/);
  }, 60_000);

  it('run with the test runner of Node', async () => {
    const file = 'examples/testing/node/marbles.test.ts';
    const output = await run('--import', 'tsx', '--test', '--test-reporter', 'tap', file);
    expect(output).toMatch(/# pass 2\n# fail 0/);
  }, 60_000);
});
