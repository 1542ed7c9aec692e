import { HttpClient, type HttpErrorResponse } from '@angular/common/http';
import { inject, Injectable, signal } from '@angular/core';

/** The commands of this page to the server. */
@Injectable({ providedIn: 'root' })
export class ServerCommands {
  readonly #http = inject(HttpClient);
  readonly #problem = signal('');

  /** The reason for which the last command was refused; empty if there is none. */
  readonly problem = this.#problem.asReadonly();

  send(command: 'burst' | 'kill'): void {
    this.#problem.set('');
    this.#http
      .post(command, null)
      .subscribe({ error: (refusal: HttpErrorResponse) => this.#problem.set(reasonOf(refusal)) });
  }
}

/** The server, and nothing between, answers with a message. */
function reasonOf({ error }: HttpErrorResponse): string {
  const { message } = (error ?? {}) as { readonly message?: unknown };
  return typeof message === 'string' ? message : 'The server does not answer.';
}
