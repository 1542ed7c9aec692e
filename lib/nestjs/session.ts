import { firstValueFrom, from, map, race, timer } from 'rxjs';
import type { Receiver } from '../index.js';
import type { Connections } from './connections.js';
import type { MessageDispatch } from './message-dispatch.js';
import type { MessageIntake } from './message-intake.js';

/** Parts of a server from `listen()` to `close()`. */
export interface Session {
  readonly connections: Connections;
  readonly receiver: Receiver<unknown>;
  readonly dispatch: MessageDispatch;
  readonly intake: MessageIntake;
}

/** Resolves to true when everything is handled and answered, or to false after `patience` milliseconds. */
export function isDone({ dispatch, intake }: Session, patience: number): Promise<boolean> {
  const done = intake.end.then(() => dispatch.whenAnswered());
  return firstValueFrom(race(from(done).pipe(map(() => true)), timer(patience).pipe(map(() => false))));
}
