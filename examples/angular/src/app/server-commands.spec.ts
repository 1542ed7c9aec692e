import '@angular/compiler';
import { HttpClient, HttpErrorResponse } from '@angular/common/http';
import { Injector } from '@angular/core';
import { of, throwError, type Observable } from 'rxjs';
import { ServerCommands } from './server-commands.js';

/** Returns the commands to a server that gives these answers, and a log of what is posted. */
function commandsTo(...answers: Observable<null>[]) {
  const posted: string[] = [];
  const http = { post: (url: string) => answers[posted.push(url) - 1] };
  const providers = [{ provide: HttpClient, useValue: http }, { provide: ServerCommands }];
  return { commands: Injector.create({ providers }).get(ServerCommands), posted };
}

const refused = (status: number, error: unknown) =>
  throwError(() => new HttpErrorResponse({ status, error }));

describe('ServerCommands', () => {
  it('tells why a command is refused, until the next one', () => {
    const lost = refused(409, { statusCode: 409, message: 'The connection is lost already.' });
    const { commands, posted } = commandsTo(lost, of(null));
    expect(commands.problem()).toBe('');
    commands.send('kill');
    expect(commands.problem()).toBe('The connection is lost already.');
    commands.send('burst');
    expect(commands.problem()).toBe('');
    expect(posted).toEqual(['kill', 'burst']);
  });

  it.each([
    ['nothing answers', refused(0, new Event('error'))],
    ['a proxy answers for it', refused(504, 'Error occurred while trying to proxy')],
    ['the answer is empty', refused(500, null)],
  ])('tells that the server does not answer where %s', (_, answer) => {
    const { commands } = commandsTo(answer);
    commands.send('burst');
    expect(commands.problem()).toBe('The server does not answer.');
  });
});
