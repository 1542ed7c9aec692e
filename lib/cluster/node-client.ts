import type { PubSubClient } from '../hub/client.js';

/** A client of one server that can be duplicated, as a cluster or Sentinel client has inside. */
export interface NodeClient extends PubSubClient {
  readonly options?: { readonly socket?: object | undefined };
  duplicate(overrides?: object): NodeClient;
  connect(): Promise<unknown>;
  destroy(): void;
  sendCommand(args: string[]): Promise<unknown>;
}

/** The address of a node. */
export interface NodeAddress {
  /** The name or number of the host. */
  readonly host: string;
  /** The port. */
  readonly port: number;
}

/** Returns a new client for one connection, with the credentials and settings of `template`: it does not reconnect. */
export function singleUse(template: NodeClient, address: NodeAddress | undefined): NodeClient {
  return template.duplicate({
    url: undefined,
    clientSideCache: undefined,
    maintNotifications: 'disabled',
    // The heartbeat of the node link replaces `pingInterval` and `socketTimeout`, and knows which operations are in flight.
    pingInterval: undefined,
    socket: {
      ...template.options?.socket,
      ...address,
      socketTimeout: undefined,
      reconnectStrategy: false,
    },
  });
}
