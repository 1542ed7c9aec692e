import type { OpenServerOptions, OpenTarget } from './open-options.js';

/** Where a server listens: never with a user or a password. */
export type ServerAddress =
  { readonly path: string } | { readonly host: string; readonly port: number; readonly isTls: boolean };

const DEFAULT_PORT = 6379;

/** Returns where a client with these options connects to. */
export function addressOf({ url, socket = {} }: Pick<OpenServerOptions, 'url' | 'socket'>): ServerAddress {
  if (url?.startsWith('unix:')) return { path: url.replace(/^unix:(\/\/)?([^/]*@)?|\?.*$/g, '') };
  if (url !== undefined) {
    const { hostname, port, protocol } = new URL(url);
    const host = hostname.replace(/^\[|\]$/g, '') || 'localhost';
    return { host, port: Number(port) || DEFAULT_PORT, isTls: protocol === 'rediss:' };
  }
  if ('path' in socket && socket.path) return { path: socket.path };
  const {
    host = 'localhost',
    port = DEFAULT_PORT,
    tls,
  } = socket as { host?: string; port?: number; tls?: boolean };
  return { host, port, isTls: tls === true };
}

/** Returns what the target of `Receiver.open` is called in a message. */
export function describeTarget(target: OpenTarget): string {
  switch (target.kind) {
    case 'server':
      return describe(addressOf(target.options));
    case 'cluster':
      return `the cluster at ${target.options.rootNodes.map((node) => describe(addressOf(node))).join(', ')}`;
    case 'sentinel': {
      const nodes = target.options.sentinelRootNodes.map(({ host, port }) => `${host}:${port}`);
      return `the master of the Sentinels at ${nodes.join(', ')}`;
    }
  }
}

function describe(address: ServerAddress): string {
  if ('path' in address) return `unix:${address.path}`;
  const { host, port, isTls } = address;
  return `${isTls ? 'rediss' : 'redis'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
