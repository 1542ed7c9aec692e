import { once } from 'node:events';
import type { Report } from './protocol.js';

// The measured process's side of the conversation with its parent, the process that started it.

// The parent has all its reports, or has died.
process.once('disconnect', () => process.exit());

export function readTask(): unknown {
  return JSON.parse(process.argv[2] as string);
}

export function sendReport(report: Report): void {
  process.send?.(report);
}

/** Waits for the parent to give the word. */
export async function startSignal(): Promise<void> {
  await once(process, 'message');
}
