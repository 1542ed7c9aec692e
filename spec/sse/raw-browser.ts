import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';

/** An event as a browser receives it. */
export interface BrowserEvent {
  readonly type: string;
  readonly data: string;
}

/** A browser's EventSource on a socket, which is read only while the next event is awaited. */
export class RawBrowser {
  readonly #url: string;
  #response: IncomingMessage | undefined;
  #blocks: AsyncIterator<string, undefined> | undefined;
  lastEventId = '';
  comments = 0;
  retry = Number.NaN;

  constructor(url: string) {
    this.#url = url;
  }

  /** Connects, and waits for the first block, which tells the pause before the next attempt. */
  async connect(): Promise<IncomingMessage> {
    const headers = this.lastEventId ? { 'last-event-id': this.lastEventId } : {};
    const request = get(this.#url, { headers });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    this.#response = response;
    this.#blocks = blocksIn(response);
    await this.next(true);
    return response;
  }

  disconnect(): void {
    this.#response?.destroy();
  }

  /** Returns the next event; undefined at the end, or, if `orSetting`, for a block without data. */
  async next(orSetting = false): Promise<BrowserEvent | undefined> {
    for (;;) {
      const { value: block } = (await this.#blocks?.next()) ?? {};
      if (block === undefined) return undefined;
      const data: string[] = [];
      let type = 'message';
      for (const line of block.split('\n')) {
        const [, field, value = ''] = /^([^:]*): ?(.*)$/.exec(line) ?? [];
        if (field === 'data') data.push(value);
        else if (field === 'event') type = value;
        else if (field === 'id') this.lastEventId = value;
        else if (field === 'retry') this.retry = Number(value);
        else if (field === '') this.comments++;
      }
      if (data.length > 0) return { type, data: data.join('\n') };
      if (orSetting) return undefined;
    }
  }

  async data(count: number): Promise<string[]> {
    const list: string[] = [];
    while (list.length < count) {
      const event = await this.next();
      if (!event) break;
      list.push(event.type === 'message' ? event.data : `${event.type} ${event.data}`);
    }
    return list;
  }
}

async function* blocksIn(response: IncomingMessage): AsyncGenerator<string, undefined> {
  let rest = '';
  for await (const chunk of response.setEncoding('utf8')) {
    const blocks = `${rest}${String(chunk)}`.split('\n\n');
    rest = blocks.pop() ?? '';
    yield* blocks;
  }
}
