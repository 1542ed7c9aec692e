import type { IncomingMessage, ServerResponse } from 'node:http';

/** Refuses requests that another site makes a browser send. */
export function refuseOtherSites(request: IncomingMessage, response: ServerResponse, next: () => void): void {
  const site = request.headers['sec-fetch-site'] ?? 'none';
  if (request.method === 'GET' || site === 'same-origin' || site === 'none') return next();
  response.writeHead(403).end();
}
