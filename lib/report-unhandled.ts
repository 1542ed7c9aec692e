import { config } from 'rxjs';

/** Reports an error that no observer can take, as RxJS does: later, so that it cannot break the client's reader. */
export function reportUnhandled(error: unknown): void {
  setTimeout(() => {
    if (!config.onUnhandledError) throw error;
    config.onUnhandledError(error);
  });
}
