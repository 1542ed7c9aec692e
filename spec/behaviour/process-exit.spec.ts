import { join } from 'node:path';
import { runScript } from '../support/run-script.js';

it('a process in which Receivers have ended as things stood badly has no timer left, and ends by itself', async () => {
  const file = join(__dirname, '../support/end-in-every-state.ts');
  await expect(runScript(file, { redisUrl: '' })).resolves.toBe('0\n');
}, 60_000);
