import { resolve } from 'node:path';

/** The root of the repository. npm starts a script in the root; as an ES module the script has no `__dirname`. */
export const ROOT = typeof __dirname === 'undefined' ? process.cwd() : resolve(__dirname, '../..');
