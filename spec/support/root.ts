import { resolve } from 'node:path';

/** The root of the repository. A script runs as an ES module, which has no `__dirname`, and npm starts it in the root. */
export const ROOT = typeof __dirname === 'undefined' ? process.cwd() : resolve(__dirname, '../..');
