import type { LoggerService } from '@nestjs/common';

/** A logger of Nest that keeps its lines. */
export class NestLog implements LoggerService {
  readonly lines: string[] = [];

  readonly log = this.#keeper('log');
  readonly warn = this.#keeper('warn');
  readonly error = this.#keeper('error');
  readonly fatal = this.#keeper('fatal');

  /** Returns the lines of this level. */
  of(level: string): string[] {
    return this.lines.filter((line) => line.startsWith(`${level} `));
  }

  #keeper(level: string) {
    return (message: unknown): void => {
      this.lines.push(`${level} ${message instanceof Error ? message.message : String(message)}`);
    };
  }
}
