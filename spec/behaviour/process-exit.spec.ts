import { join } from 'node:path';
import { runScript } from '../support/run-script.js';

it('lets a process exit without a timer left after Receivers have ended in each faulty state', async () => {
  const file = join(__dirname, '../support/end-in-every-state.ts');
  await expect(runScript(file, { redisUrl: '' })).resolves.toBe('0\n');
}, 60_000);
