import { Attachment, type AttachedChannel } from '../../../lib/channel/attachment.js';
import type { ChannelOwner } from '../../../lib/channel/channel-owner.js';
import type { Channel, ReceiverEvent } from '../../../lib/channel.js';
import type { SubscribeError } from '../../../lib/errors/errors.js';
import type { PubSubHub } from '../../../lib/hub/pub-sub-hub.js';
import { consumerWith } from '../../support/consumer-with.js';

export const CAUSE = new Error('NOPERM');

/**
 * An attachment between a core, a hub and a Receiver that only write down. A script is a list of steps; `when attach do
 * acknowledged` has a step happen inside the call that is written down as `attach`.
 */
export class AttachmentScene {
  /** The calls in order; the events as `<type>`, the waiters and promises as `resolved`, `rejected`, and `free` at the release. */
  log: string[] = [];
  /** The errors that the core and the promises get. */
  readonly errors: SubscribeError[] = [];
  readonly channel = {} as Channel<unknown>;
  readonly attachment: Attachment<AttachedChannel>;
  readonly #hub = { isOpen: true };
  readonly #core: AttachedChannel;
  readonly #reactions: { readonly cause: string; readonly step: string }[] = [];

  constructor() {
    this.#core = {
      ...consumerWith({}),
      channel: this.channel,
      hub: this.#hubOf() as PubSubHub,
      kind: 'pattern',
      name: 'n*',
      updateAttachment: () => undefined,
      refuse: (error) => {
        this.errors.push(error);
        this.#write('refuse');
      },
    };
    this.attachment = new Attachment(this.#core, this.#owner());
  }

  /** The state as far as it shows. */
  get state(): string {
    const { at, isServed } = this.attachment;
    return isServed ? `${at}, served` : at;
  }

  /** Lets these steps happen, and forgets what they have caused. */
  async begin(steps: readonly string[]): Promise<this> {
    await this.run(steps);
    this.log = [];
    return this;
  }

  /** Runs the steps, and lets the promises of each call back. */
  async run(steps: readonly string[]): Promise<this> {
    for (const step of steps) {
      this.#do(step);
      for (let level = 0; level < 3; level++) await Promise.resolve();
    }
    return this;
  }

  #do(step: string): void {
    const [, cause, reaction] = /^when (.+) do (.+)$/.exec(step) ?? [];
    if (cause && reaction) return void this.#reactions.push({ cause, step: reaction });
    const handler = this.#events[step];
    if (!handler) throw new Error(`unknown step: ${step}`);
    handler();
  }

  readonly #events: Readonly<Record<string, () => void>> = {
    wanted: () => this.attachment.update(true),
    unwanted: () => this.attachment.update(false),
    drains: () => this.attachment.detach('draining'),
    acknowledged: () => this.attachment.onSubscribed(),
    interrupted: () => this.attachment.onInterrupted(),
    replaced: () => this.attachment.onReplaced(),
    released: () => this.attachment.onReleased(),
    refused: () => this.attachment.onRefused(CAUSE),
    ended: () => this.attachment.end(),
    'ended, told': () => this.attachment.end(undefined, true),
    'given up': () => this.attachment.end(this.errors[0]),
    'hub closed': () => (this.#hub.isOpen = false),
    'hub open': () => (this.#hub.isOpen = true),
    waits: () => this.#wait(''),
    'waits too': () => this.#wait(' too'),
    'waiters rejected': () => this.attachment.rejectWaiters(() => CAUSE),
    'asks for release': () => this.attachment.whenReleased(() => this.#write('free')),
    asks: () => {
      this.attachment.whenServed(undefined).then(
        () => this.#write('resolved'),
        (error: unknown) => {
          this.errors.push(error as SubscribeError);
          this.#write('rejected');
        },
      );
    },
    look: () => this.#write(`is ${this.state}`),
  };

  #wait(suffix: string): void {
    this.attachment.addWaiter({
      resolve: () => this.#write(`resolved${suffix}`),
      reject: () => this.#write(`rejected${suffix}`),
    });
  }

  #write(entry: string): void {
    this.log.push(entry);
    const due = this.#reactions.filter(({ cause }) => cause === entry);
    for (const reaction of due) this.#reactions.splice(this.#reactions.indexOf(reaction), 1);
    for (const { step } of due) this.#do(step);
  }

  #hubOf(): Partial<PubSubHub> {
    const hub = this.#hub;
    const call = (what: string, rest: readonly unknown[]) => {
      if (rest[0] !== 'pattern' || rest[1] !== 'n*') throw new Error('another name');
      this.#write(what);
    };
    return {
      get isOpen() {
        return hub.isOpen;
      },
      attach: (...args) => call(args[2] === this.#core ? 'attach' : 'attach another', args),
      detach: (...args) => call(`detach ${args[3]}`, args),
      updateFastPath: (...args) => call('update', args),
      verify: (...args) => call('verify', args),
      watch: () => this.#write('watch'),
      unwatch: () => this.#write('unwatch'),
    };
  }

  #owner(): ChannelOwner<AttachedChannel> {
    const call = (what: string) => () => this.#write(what);
    const owner: Partial<ChannelOwner<AttachedChannel>> = {
      emit: (event: ReceiverEvent) =>
        this.#write(
          'source' in event && event.source === this.channel ? `<${event.type}>` : 'another source',
        ),
      onChannelSubscribed: call('subscribed'),
      onChannelInterrupted: call('interrupted'),
      onChannelReleased: call('released'),
    };
    return owner as ChannelOwner<AttachedChannel>;
  }
}
