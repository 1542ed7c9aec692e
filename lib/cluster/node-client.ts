import type { PubSubClient } from '../hub/client.js';

/** A client of one server, of which more can be made: what a cluster or sentinel client has inside. */
export interface NodeClient extends PubSubClient {
  readonly options?: { readonly socket?: object | undefined };
  duplicate(overrides?: object): NodeClient;
  connect(): Promise<unknown>;
  destroy(): void;
  sendCommand(args: string[]): Promise<unknown>;
}

export interface NodeAddress {
  readonly host: string;
  readonly port: number;
}

/** A fresh client with the credentials and habits of `template`, for one connection: it does not reconnect. */
export function singleUse(template: NodeClient, address: NodeAddress | undefined): NodeClient {
  return template.duplicate({
    url: undefined,
    clientSideCache: undefined,
    maintNotifications: 'disabled',
    // A heartbeat of ours does their work, and knows what may be in flight.
    pingInterval: undefined,
    socket: {
      ...template.options?.socket,
      ...address,
      socketTimeout: undefined,
      reconnectStrategy: false,
    },
  });
}
