import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import type { Document } from './documents.js';
import { ROOT } from './root.js';

const FENCED = /^([^\S\n]*)(`{3,})[^\n]*\n.*?^\1\2$/gms;
const LINK = /\]\((?<target>[^)\s]+)\)|(?:src|srcset)="(?<source>[^"]+)"/g;
const PAGE_LINK = /\s(?:href|src)="(?<target>[^"]+)"/g;
const EXTERNAL = /^[a-z]+:/;

/** Returns the links of a document that lead to no file of the repository, or to no heading of it. */
export function brokenLinks({ path, markdown }: Document): string[] {
  const links = [...prose(markdown).matchAll(LINK)];
  return brokenOf(
    path,
    links.map(({ groups }) => groups?.target ?? groups?.source ?? ''),
  );
}

/** Returns the links of an HTML page that lead to no file of the repository, or to no element of it. */
export function brokenPageLinks({ path, html }: { readonly path: string; readonly html: string }): string[] {
  return brokenOf(
    path,
    [...html.matchAll(PAGE_LINK)].map(({ groups }) => groups?.target ?? ''),
  );
}

function brokenOf(path: string, links: readonly string[]): string[] {
  const relative = new Set(links.filter((link) => !EXTERNAL.test(link)));
  return [...relative].filter((link) => {
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? path : normalize(join(dirname(path), file));
    if (target.startsWith('..') || !existsSync(join(ROOT, target))) return true;
    return anchor !== undefined && anchor !== '' && !anchorsOf(target).has(anchor);
  });
}

/** Returns the anchors of a file: each `id` in its text, and in Markdown the headings as GitHub names them. */
function anchorsOf(path: string): Set<string> {
  const text = prose(readFileSync(join(ROOT, path), 'utf8'));
  const headings = path.endsWith('.md') ? [...text.matchAll(/^#+ (?<title>.+)$/gm)] : [];
  const ids = [...text.matchAll(/\bid="(?<id>[^"]+)"/g)];
  return new Set([
    ...headings.map(({ groups }) => slug(groups?.title ?? '')),
    ...ids.map(({ groups }) => groups?.id ?? ''),
  ]);
}

function slug(title: string): string {
  const text = title.replace(/\[(?<label>[^\]]*)\]\([^)]*\)/g, '$<label>').toLowerCase();
  return text.replace(/[^\p{L}\p{N}_ -]/gu, '').replaceAll(' ', '-');
}

/** Returns a Markdown text without its fenced blocks. */
export function prose(markdown: string): string {
  return markdown.replace(FENCED, '');
}
