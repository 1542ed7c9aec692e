import { asyncScheduler } from 'rxjs';
import type { Gap } from '../channel.js';
import type { ChannelCore } from '../channel/channel-core.js';
import { GapError } from '../channel/gap-error.js';
import type { HubListener } from '../hub/hub-listener.js';
import { joinGaps } from './join-errors.js';
import type { MergedStream } from './merged-stream.js';
import type { ReceiverConnection } from './receiver-connection.js';
import type { ReceiverEvents } from './receiver-events.js';
import type { Registry } from './registry.js';

/** The parts of a Receiver that its gaps concern. */
export interface GapReportOptions {
  readonly registry: Registry;
  readonly connection: ReceiverConnection;
  readonly stream: MergedStream;
  readonly events: ReceiverEvents;
  readonly onGap: 'event' | 'error';
}

/** Reports where messages may be missing, by an event, and by errors in the streams if the user has asked for them. */
export class GapReport {
  readonly #options: GapReportOptions;

  constructor(options: GapReportOptions) {
    this.#options = options;
  }

  /** Called after an outage. Recoverable Channels read what they have missed: they have no gap, unless their log has one. */
  onReconnected(since: number, until: number, affected: ReadonlySet<HubListener>): void {
    const all = this.#options.registry.all().filter((core) => affected.has(core));
    const cores = all.filter((core) => core.follower?.refill(since) !== true);
    if (cores.length > 0) this.#report(cores, { cause: 'reconnect', since, until });
  }

  /** Called where a log does not have the messages that its Channel has missed. */
  onMissed(core: ChannelCore<unknown>, missed: Pick<Gap, 'since' | 'dropped'>): void {
    this.#report([core], { cause: 'log', until: asyncScheduler.now(), ...missed });
  }

  #report(cores: readonly ChannelCore<unknown>[], period: Omit<Gap, 'channels'>): void {
    const { connection, stream, events, onGap } = this.#options;
    const gap: Gap = { ...period, channels: cores.map(({ channel }) => channel) };
    events.emit({ type: 'gap', gap });
    if (onGap !== 'error') return;
    for (const core of cores) core.place(new GapError({ ...gap, channels: [core.channel] }), joinGaps);
    if (connection.isConnected) stream.subject.place(new GapError(gap), joinGaps);
  }
}
