// A Nest service that merges channels, a pattern and keyspace notifications, with a page that shows it live.
// Run it: npm run dashboard

import { serve } from './serve.js';

await serve(new URL('page/', import.meta.url));
