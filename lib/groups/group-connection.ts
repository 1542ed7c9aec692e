import type { LogClient, Reply } from '../log/log-client.js';
import type { LogRequest } from '../recovery/log-connection.js';
import type { RetriedConnection } from '../recovery/retried-requests.js';
import { isRaw } from '../streams/stream-commands.js';
import type { StreamHub } from '../streams/stream-hub.js';
import type { GroupCommands } from './group-commands.js';
import { RawGroupCommands } from './raw-group-commands.js';

/** A part that needs the connection until it leaves. */
export interface ConnectionUser {
  readonly heartbeat: number;
  check(): void;
}

/** The connection for the commands of groups that do not block: the one of the hub of streams. */
export class GroupConnection implements RetriedConnection {
  readonly hub: StreamHub;

  constructor(hub: StreamHub) {
    this.hub = hub;
  }

  isSilentFor(milliseconds: number): boolean {
    return this.hub.connection.isSilentFor(milliseconds);
  }

  renew(): void {
    this.hub.connection.renew();
  }

  /** Keeps the connection open until `leave`. */
  join(user: ConnectionUser): void {
    this.hub.join(user);
  }

  leave(user: ConnectionUser): void {
    this.hub.leave(user);
  }

  /** Sends a command; `binary`: the replies have Buffers in place of strings. */
  send<T>(command: (client: GroupCommands) => Reply<T>, request: LogRequest<T>, binary = false): void {
    this.hub.connection.send((_, client) => command(commandsOf(client, binary)), request);
  }
}

function commandsOf(client: LogClient, binary: boolean): GroupCommands {
  if (isRaw(client)) return new RawGroupCommands(client, binary);
  return (binary ? client.withTypeMapping({ 36: Buffer }) : client) as unknown as GroupCommands;
}
