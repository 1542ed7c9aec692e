import type { LoggerService } from '@nestjs/common';

/** A logger of Nest that keeps its lines. */
export class NestLog implements LoggerService {
  readonly lines: string[] = [];

  readonly log = this.#collector('log');
  readonly warn = this.#collector('warn');
  readonly error = this.#collector('error');
  readonly fatal = this.#collector('fatal');

  /** Returns the lines of this level. */
  of(level: string): string[] {
    return this.lines.filter((line) => line.startsWith(`${level} `));
  }

  #collector(level: string) {
    return (message: unknown): void => {
      this.lines.push(`${level} ${message instanceof Error ? message.message : String(message)}`);
    };
  }
}
