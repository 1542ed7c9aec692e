import { isWellFormed } from '../codec/well-formed.js';
import { invalidArgument } from '../errors/invalid-argument.js';

/** A parameter of a template. */
export interface Param {
  readonly param: string;
}

/** A template in parts: literals, never two in a row, and parameters. */
export type Template = readonly (string | Param)[];

/** The character that begins an escaped separator in a name. */
export const ESCAPE = '%';

const EXAMPLE = "like 'order:{id}:{event}'";

/**
 * Parses a template: `{name}` is a parameter, and `{{` and `}}` stand for literal braces, which Redis Cluster uses for hash
 * tags.
 */
export function parseTemplate(template: string): Template {
  const refuse = (advice: string) => invalidArgument('the template of a topic', EXAMPLE, template, advice);
  if (!isWellFormed(template)) throw refuse('A lone surrogate would become another character as UTF-8.');
  const parts: (string | Param)[] = [];
  let literal = '';
  const close = () => {
    if (literal !== '') parts.push(literal);
    literal = '';
  };
  for (const [token, name] of template.matchAll(/\{\{|\}\}|\{([^{}]*)\}|[^{}]+|[{}]/g)) {
    if (name !== undefined) {
      close();
      assertParam(parts, name, refuse);
      parts.push({ param: name });
    } else if (token === '{' || token === '}') {
      throw refuse(`The brace '${token}' has no partner: write '${token}${token}' for a literal one.`);
    } else {
      literal += token === '{{' || token === '}}' ? token.charAt(0) : token;
    }
  }
  close();
  if (separatorsOf(parts).has(ESCAPE))
    throw refuse(
      `A '${ESCAPE}' cannot follow a parameter: it escapes separators in the values of parameters.`,
    );
  return parts;
}

function assertParam(before: Template, name: string, refuse: (advice: string) => Error): void {
  if (!/^[A-Za-z][\w-]*$/.test(name))
    throw refuse(`The name of the parameter '${name}' has to consist of letters, digits, '_' and '-'.`);
  if (before.some((part) => typeof part !== 'string' && part.param === name))
    throw refuse(`The parameter '${name}' occurs twice.`);
  if (typeof (before.at(-1) ?? '') !== 'string')
    throw refuse(`Nothing separates the parameter '${name}' from the one before.`);
}

/** Returns the names of the parameters, in order. */
export function paramsOf(template: Template): string[] {
  return template.flatMap((part) => (typeof part === 'string' ? [] : [part.param]));
}

/**
 * Returns the characters that a parameter cannot contain: the colon, and the first character behind each parameter, so that
 * the end of a parameter is never in doubt.
 */
export function separatorsOf(template: Template): ReadonlySet<string> {
  const separators = new Set([':']);
  for (const part of template.slice(1)) {
    const [first] = typeof part === 'string' ? part : [];
    if (first !== undefined) separators.add(first);
  }
  return separators;
}
