import type { OpenTarget } from './open-options.js';

/** The address of a server, without user and password. */
export type ServerAddress =
  { readonly path: string } | { readonly host: string; readonly port: number; readonly isTls: boolean };

const DEFAULT_PORT = 6379;

/** The options that determine the address; of the options of `socket`, only these. */
interface Place {
  readonly url?: string | undefined;
  readonly socket?: {
    readonly host?: string | undefined;
    readonly port?: number | undefined;
    readonly path?: string | undefined;
    readonly tls?: boolean | undefined;
  };
}

/** Returns the address that a client with these options connects to. */
function addressOf({ url, socket = {} }: Place): ServerAddress {
  if (url?.startsWith('unix:')) return { path: url.replace(/^unix:(\/\/)?([^/]*@)?|\?.*$/g, '') };
  if (url !== undefined) {
    const { hostname, port, protocol } = new URL(url);
    const host = hostname.replace(/^\[|\]$/g, '') || 'localhost';
    return { host, port: Number(port) || DEFAULT_PORT, isTls: protocol === 'rediss:' };
  }
  const { host = 'localhost', port = DEFAULT_PORT, path, tls = false } = socket;
  return path ? { path } : { host, port, isTls: tls };
}

/** Returns the addresses that the target's client connects to first. */
export function addressesOf(target: OpenTarget): readonly ServerAddress[] {
  switch (target.kind) {
    case 'server':
      return [addressOf(target.options)];
    case 'cluster': {
      const { rootNodes, defaults } = target.options;
      return rootNodes.map((node) =>
        addressOf({ url: node.url ?? defaults?.url, socket: { ...defaults?.socket, ...node.socket } }),
      );
    }
    case 'sentinel': {
      const { sentinelRootNodes, sentinelClientOptions } = target.options;
      return sentinelRootNodes.map((node) =>
        addressOf({ socket: { ...sentinelClientOptions?.socket, ...node } }),
      );
    }
  }
}

/** Returns a description of the target of `Receiver.open` for a message. */
export function describeTarget(target: OpenTarget): string {
  const addresses = addressesOf(target).map(describe).join(', ');
  switch (target.kind) {
    case 'server':
      return addresses;
    case 'cluster':
      return `the cluster at ${addresses}`;
    case 'sentinel':
      return `the master of the Sentinels at ${addresses}`;
  }
}

function describe(address: ServerAddress): string {
  if ('path' in address) return `unix:${address.path}`;
  const { host, port, isTls } = address;
  return `${isTls ? 'rediss' : 'redis'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
