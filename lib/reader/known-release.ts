import { createRequire } from 'node:module';

/** The releases of node-redis that the specs run on. */
const KNOWN_RELEASES = /^(5\.12|6\.3)\./;
const MANIFEST = /@redis[\\/]client[\\/](dist[\\/])?package\.json$/;

/**
 * Returns whether a loaded copy of node-redis is of a release that this package knows. A client does not tell its version, but
 * the manifest of its package is in the cache of modules. In a bundle it is not, and then nothing speaks against the client.
 */
export function isKnownReleaseLoaded(): boolean {
  const { cache } = createRequire('/');
  const versions = Object.keys(cache)
    .filter((path) => MANIFEST.test(path))
    .map((path) => String((cache[path]?.exports as { version?: unknown } | undefined)?.version));
  return versions.length === 0 || versions.some((version) => KNOWN_RELEASES.test(version));
}
