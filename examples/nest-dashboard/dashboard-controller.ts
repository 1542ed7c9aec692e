import {
  Body,
  Controller,
  Delete,
  Headers,
  HttpCode,
  Inject,
  Param,
  Post,
  Put,
  Query,
  Sse,
} from '@nestjs/common';
import { filter, map, type Observable } from 'rxjs';
import { z } from 'zod';
import { Checked } from './checked.js';
import { Monitor } from './monitor.js';
import type { Snapshot } from './snapshot.js';
import { Sources, type SourceName } from './sources.js';
import { Traffic } from './traffic.js';
import { Workers } from './workers.js';

const sourceName = z.object({
  kind: z.enum(['channel', 'pattern', 'shard']),
  name: z.string().trim().min(1, 'A name is missing.').max(100, 'The name has more than 100 characters.'),
});
const work = z.object({ workTime: z.number().int().min(1).max(1_000) });

/** The shape that Nest sends as one Server-Sent Event. */
interface SnapshotEvent {
  readonly id: string;
  readonly data: Snapshot;
}

@Controller()
export class DashboardController {
  readonly #monitor: Monitor;
  readonly #sources: Sources;
  readonly #workers: Workers;
  readonly #traffic: Traffic;

  constructor(
    @Inject(Monitor) monitor: Monitor,
    @Inject(Sources) sources: Sources,
    @Inject(Workers) workers: Workers,
    @Inject(Traffic) traffic: Traffic,
  ) {
    this.#monitor = monitor;
    this.#sources = sources;
    this.#workers = workers;
    this.#traffic = traffic;
  }

  /**
   * Streams the snapshots after the last one that the browser has seen. A reconnecting EventSource sends its number in the
   * header; a new one can send it as `after`.
   */
  @Sse('snapshots')
  snapshots(@Headers('last-event-id') seen?: string, @Query('after') after = '0'): Observable<SnapshotEvent> {
    this.#traffic.welcome();
    return this.#monitor.snapshots.pipe(
      filter(({ at }) => at > Number(seen ?? after)),
      map((data) => ({ id: String(data.at), data })),
    );
  }

  @Post('sources')
  add(@Body(new Checked(sourceName)) source: SourceName): Promise<void> {
    return this.#sources.add(source);
  }

  @Delete('sources/:kind/:name')
  @HttpCode(204)
  remove(@Param(new Checked(sourceName)) source: SourceName): Promise<void> {
    return this.#sources.remove(source);
  }

  @Put('work')
  @HttpCode(204)
  work(@Body(new Checked(work)) { workTime }: z.infer<typeof work>): void {
    this.#workers.workTime = workTime;
  }

  @Post('burst')
  burst(): Promise<void> {
    return this.#traffic.burst();
  }

  @Post('kill')
  kill(): Promise<void> {
    return this.#traffic.kill();
  }
}
