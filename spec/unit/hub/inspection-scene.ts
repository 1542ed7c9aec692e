import type { RegistryType, ServerClient } from '../../../lib/hub/client.js';
import { Inspection, type InspectionHost } from '../../../lib/hub/inspection.js';

type Counts = readonly [channels: number, patterns: number, shards: number];

interface Question {
  readonly command: string;
  readonly resolve: (info: string) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The inspection of a client that only writes down, and answers when it is told to. A script is a list of steps; `has 2 0 1` sets the
 * counts in the client's registry, and `says 2 0 1` is the answer of Redis with its counts.
 */
export class InspectionScene {
  /** `ask`: the inspection asks Redis; the calls of the host; `done`: the promise of a run has resolved. In order. */
  log: string[] = [];
  readonly inspection: Inspection;
  readonly client: ServerClient;
  readonly #questions: Question[] = [];
  readonly #registry = { CHANNELS: { size: 0 }, PATTERNS: { size: 0 }, SHARDED: { size: 0 } };
  readonly #hub = { isOnline: true, operations: 0, isQuiet: true };
  readonly #host: InspectionHost;
  readonly #reactions: { readonly cause: string; readonly step: string }[] = [];
  #now = 0;

  constructor({ canSend = true, hasRegistry = true } = {}) {
    const client = {
      ...(canSend ? { sendCommand: (args: string[]) => this.#ask(args) } : {}),
      ...(hasRegistry ? { getPubSubListeners: (type: RegistryType) => this.#registry[type] } : {}),
    };
    this.client = client as unknown as ServerClient;
    this.#host = this.#hostOf();
    this.inspection = new Inspection(this.client, this.#host);
  }

  async run(steps: readonly string[]): Promise<this> {
    for (const step of steps) {
      this.#do(step);
      await arrival();
    }
    return this;
  }

  #do(step: string): void {
    const [, cause, reaction] = /^when (.+) do (.+)$/.exec(step) ?? [];
    if (cause && reaction) return void this.#reactions.push({ cause, step: reaction });
    const handler = this.#events[step];
    if (handler) return handler();
    const [verb, ...rest] = step.split(' ') as [string, ...string[]];
    if (verb === 'has') this.#set(rest.map(Number) as unknown as Counts);
    else if (verb === 'says') this.#questions.shift()!.resolve(infoOf(rest));
    else if (verb === 'fails') this.#questions.shift()!.reject(new Error(rest.join(' ')));
    else throw new Error(`unknown step: ${step}`);
  }

  readonly #events: Readonly<Record<string, () => void>> = {
    run: () => void this.inspection.run().then(() => this.#write('done')),
    demand: () => void this.inspection.demand().then(() => this.#write('done')),
    reset: () => this.inspection.reset(),
    offline: () => (this.#hub.isOnline = false),
    online: () => (this.#hub.isOnline = true),
    'operation begins': () => {
      this.#hub.operations++;
      this.#hub.isQuiet = false;
    },
    'operation ends': () => (this.#hub.isQuiet = true),
    'fails without a reason': () => this.#questions.shift()!.reject(undefined),
  };

  #set([CHANNELS, PATTERNS, SHARDED]: Counts): void {
    const sizes = { CHANNELS, PATTERNS, SHARDED };
    for (const type of ['CHANNELS', 'PATTERNS', 'SHARDED'] as const) this.#registry[type].size = sizes[type];
  }

  #ask(args: readonly string[]): Promise<string> {
    const command = args.join(' ');
    this.#write(command === 'CLIENT INFO' ? 'ask' : command);
    return new Promise((resolve, reject) => this.#questions.push({ command, resolve, reject }));
  }

  #write(entry: string): void {
    this.log.push(entry);
    const due = this.#reactions.filter(({ cause }) => cause === entry);
    for (const reaction of due) this.#reactions.splice(this.#reactions.indexOf(reaction), 1);
    for (const { step } of due) this.#do(step);
  }

  #hostOf(): InspectionHost {
    const hub = this.#hub;
    const now = () => ++this.#now;
    return {
      get isOnline() {
        return hub.isOnline;
      },
      get quietSince() {
        return hub.isQuiet ? hub.operations : undefined;
      },
      get now() {
        return now();
      },
      onSound: (askedAt) => this.#write(`sound ${askedAt}`),
      onShort: (kind) => this.#write(`short ${kind}`),
    };
  }
}

/** Returns a reply to CLIENT INFO with the counts in these cells. */
export function infoOf([channels, patterns, shards]: readonly string[]): string {
  const fields = { sub: channels, psub: patterns, ssub: shards };
  const counts = Object.entries(fields).flatMap(([field, count]) => (count ? [`${field}=${count}`] : []));
  return `${['id=3 addr=127.0.0.1:1', ...counts, 'multi=-1'].join(' ')}\n`;
}

/** Resolves behind all promises that are settled by now, and behind the promises that these settle. */
function arrival(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
