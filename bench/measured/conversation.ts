import { once } from 'node:events';
import type { Report } from './protocol.js';

// The measured process's side of its talk with the process that started it.

// That one has all it wants, or has died.
process.once('disconnect', () => process.exit());

export function readTask(): unknown {
  return JSON.parse(process.argv[2] as string);
}

export function tell(report: Report): void {
  process.send?.(report);
}

/** The other side gives the word. */
export async function word(): Promise<void> {
  await once(process, 'message');
}
