import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { nodeBinary } from './node-binary.js';

const FOLDER = new URL('../examples/angular/', import.meta.url);
/** Version of Node for the build, where Angular's tools refuse the Node that runs this script. */
const NODE = '24.21.0';
const NG = fileURLToPath(new URL('../node_modules/@angular/cli/bin/ng.js', import.meta.url));
const CACHE = fileURLToPath(new URL('../node_modules/.cache/', import.meta.url));

/** Builds examples/angular. Returns the folder with the page. */
export function buildAngular(): URL {
  const cwd = fileURLToPath(FOLDER);
  const node = isNewEnough() ? process.execPath : nodeBinary(NODE, CACHE);
  execFileSync(node, [NG, 'build'], { cwd, stdio: 'inherit' });
  return new URL('dist/', FOLDER);
}

/** Returns whether the running Node satisfies `engines` of @angular/cli. */
function isNewEnough(): boolean {
  const [major = 0, minor = 0, patch = 0] = process.versions.node.split('.').map(Number);
  if (major === 22) return minor > 22 || (minor === 22 && patch >= 3);
  return major === 24 ? minor >= 15 : major >= 26;
}
