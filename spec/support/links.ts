import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import type { Document } from './documents.js';
import { ROOT } from './run-script.js';

const FENCED = /^(\s*)(`{3,})[^\n]*\n.*?^\1\2$/gms;
const LINK = /\]\((?<target>[^)\s]+)\)|(?:src|srcset)="(?<source>[^"]+)"/g;
const EXTERNAL = /^[a-z]+:/;

/** Returns the links of a document that lead to no file of the repository, or to no heading of it. */
export function brokenLinks({ path, markdown }: Document): string[] {
  return linksOf(markdown).filter((link) => {
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? path : normalize(join(dirname(path), file));
    if (target.startsWith('..') || !existsSync(join(ROOT, target))) return true;
    return anchor !== undefined && !anchorsOf(readFileSync(join(ROOT, target), 'utf8')).has(anchor);
  });
}

function linksOf(markdown: string): string[] {
  return [...prose(markdown).matchAll(LINK)]
    .map(({ groups }) => groups?.target ?? groups?.source ?? '')
    .filter((link) => !EXTERNAL.test(link));
}

/** Returns the anchors of headings as GitHub names them, and those that stand in the text as `id`. */
function anchorsOf(markdown: string): Set<string> {
  const text = prose(markdown);
  const headings = [...text.matchAll(/^#+ (?<title>.+)$/gm)].map(({ groups }) => slug(groups?.title ?? ''));
  const ids = [...text.matchAll(/\bid="(?<id>[^"]+)"/g)].map(({ groups }) => groups?.id ?? '');
  return new Set([...headings, ...ids]);
}

function slug(title: string): string {
  const text = title.replace(/\[(?<label>[^\]]*)\]\([^)]*\)/g, '$<label>').toLowerCase();
  return text.replace(/[^\p{L}\p{N}_ -]/gu, '').replaceAll(' ', '-');
}

/** Returns a Markdown text without its fenced blocks. */
export function prose(markdown: string): string {
  return markdown.replace(FENCED, '');
}
