import { readdirSync, readFileSync } from 'node:fs';
import { brokenPageLinks } from '../spec/support/links.js';

// Checks that the links between the pages of the API reference lead to a page, and to an element of it.

const FOLDER = 'docs/api';

const pages = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.html'))
  .map((name) => `${FOLDER}/${name.replaceAll('\\', '/')}`);
const broken = pages.flatMap((path) =>
  brokenPageLinks({ path, html: readFileSync(path, 'utf8') }).map((link) => `${path}: ${link}`),
);

for (const link of broken) console.error(`broken  ${link}`);
if (broken.length > 0 || pages.length === 0) process.exitCode = 1;
else console.log(`ok    the links of ${pages.length} pages`);
