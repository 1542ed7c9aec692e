import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type { ClientDecoder } from './seam.js';

/** The releases of node-redis that the specs run on. */
const KNOWN_RELEASES = /^(5\.12|6\.3)\./;
const MANIFEST = /@redis[\\/]client[\\/](dist[\\/])?package\.json$/;
const DECODER = /@redis[\\/]client[\\/].*[\\/]decoder\.js$/;

/**
 * Returns whether a decoder is of a release of node-redis that this package knows. A client does not tell its version, but the
 * cache of modules has the manifest of its package. If the decoder's own copy is not found there, one known copy suffices. In a
 * bundle there is no manifest, and then nothing speaks against the client.
 */
export function isOfKnownRelease(decoder: ClientDecoder): boolean {
  const { cache } = createRequire('/');
  const exportsOf = (path: string) =>
    (cache[path]?.exports ?? {}) as { Decoder?: unknown; version?: unknown };
  const paths = Object.keys(cache);
  const manifests = paths.filter((path) => MANIFEST.test(path));
  const home = paths.find((path) => DECODER.test(path) && exportsOf(path).Decoder === decoder.constructor);
  const own = manifests.filter((path) => home?.startsWith(dirname(path)));
  const versions = (own.length > 0 ? own : manifests).map((path) => String(exportsOf(path).version));
  return versions.length === 0 || versions.some((version) => KNOWN_RELEASES.test(version));
}
