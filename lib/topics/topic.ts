import { assertCodec, type Codec } from '../codec/codec.js';
import { isWellFormed } from '../codec/well-formed.js';
import { assertSchema, isSchema, validate, type Schema } from '../codec/standard-schema.js';
import { validated } from '../codec/validated.js';
import { ValidationError } from '../errors/errors.js';
import { invalidArgument } from '../errors/invalid-argument.js';
import { assertKnownOptions, nearestOf, optionNames } from '../errors/known-options.js';
import { resolveRecoverable, type RecoverableOptions } from '../recovery/recoverable.js';
import { escapeGlob } from './escape-glob.js';
import { ParamCodec } from './param-codec.js';
import { paramsOf, parseTemplate, separatorsOf, type Template } from './template.js';
import type { TopicData, TopicDefinition } from './topic-types.js';

export type Params = Readonly<Record<string, unknown>>;

const DEFINITION = optionNames<TopicDefinition>({ data: true, params: true, kind: true, recover: true });
const NO_PARAMS: Params = Object.freeze({});

/** One declared topic: makes names and globs from parameters, and reads parameters from names. */
export class Topic {
  /** The template, which is the name of the topic. */
  readonly topic: string;
  readonly template: Template;
  readonly kind: 'channel' | 'shard';
  readonly codec: Codec<unknown>;
  /** The codec or the schema, as it was declared. */
  readonly data: TopicData;
  /** The names of the parameters, in order. */
  readonly paramNames: readonly string[];
  readonly schemas: Readonly<Record<string, Schema>>;
  /** The options of the logs, if the messages can be recovered. */
  readonly recover: RecoverableOptions | undefined;
  readonly #params: ParamCodec;
  readonly #name: RegExp;
  /** The parameter that may contain separators, because it has a schema and nothing follows. */
  readonly #openEnd: string | undefined;

  constructor(topic: string, declaration: TopicData | TopicDefinition) {
    const { data, params = {}, kind = 'channel', recover } = definitionOf(topic, declaration);
    this.topic = topic;
    this.template = parseTemplate(topic);
    this.kind = kind;
    this.data = data;
    this.codec = isSchema(data) ? validated(data) : data;
    this.paramNames = paramsOf(this.template);
    this.schemas = params;
    this.#assertParamNames(params);
    for (const [name, schema] of Object.entries(params))
      assertSchema(`the schema of the parameter '${name}' of ${this.title}`, schema);
    if (![undefined, 'channel', 'shard'].includes(kind))
      throw invalidArgument(`the kind of ${this.title}`, "'channel' or 'shard'", kind);
    this.recover = recover;
    if (recover) resolveRecoverable(`the option 'recover' of ${this.title}`, recover);
    const last = this.template.at(-1);
    this.#openEnd = typeof last === 'object' && Object.hasOwn(params, last.param) ? last.param : undefined;
    this.#params = new ParamCodec(separatorsOf(this.template));
    this.#name = nameOf(this.template, this.#params.source, this.#openEnd);
  }

  /** The topic in the words of an error. */
  get title(): string {
    return `the topic ${JSON.stringify(this.topic)}`;
  }

  /** Returns the name of the channel for these parameters; all are needed. */
  name(params: Params = NO_PARAMS): string {
    this.#assertParams(params);
    const missing = this.paramNames.filter((name) => own(params, name) === undefined);
    if (missing.length > 0) {
      const names = missing.map((name) => `'${name}'`).join(', ');
      const reason = this.kind === 'shard' ? 'Redis has no patterns for sharded channels. ' : '';
      throw invalidArgument(`the parameters of ${this.title}`, 'complete', params, `${reason}Add ${names}.`);
    }
    return this.#fill(params, (literal) => literal);
  }

  /** Returns the glob of the channels with these parameters, with a `*` for each missing one. */
  glob(params: Params = NO_PARAMS): string {
    this.#assertParams(params);
    return this.#fill(params, escapeGlob);
  }

  /** Returns whether the parameters leave only one channel. */
  isComplete(params: Params = NO_PARAMS): boolean {
    this.#assertParams(params);
    return this.kind === 'shard' || this.paramNames.every((name) => own(params, name) !== undefined);
  }

  /** Returns the parameters in the name of a channel; undefined if the name is not one of the topic. */
  parse(channel: string): Params | undefined {
    const texts = this.#name.exec(channel);
    if (!texts) return undefined;
    if (this.paramNames.length === 0) return NO_PARAMS;
    const params: Record<string, unknown> = {};
    for (const [index, name] of this.paramNames.entries()) {
      const text = this.#params.decode(texts[index + 1] as string);
      const result = this.#check(name, text);
      if (result.issues) return undefined;
      params[name] = result.value;
    }
    return params;
  }

  #fill(params: Params, quote: (literal: string) => string): string {
    const parts = this.template.map((part) => {
      if (typeof part === 'string') return quote(part);
      const value = own(params, part.param);
      return value === undefined ? '*' : quote(this.#encode(part.param, value));
    });
    return parts.join('');
  }

  #encode(name: string, value: unknown): string {
    const what = `the parameter '${name}' of ${this.title}`;
    const text = textOf(value);
    if (text === undefined) throw invalidArgument(what, 'a string, a number, a boolean or a Date', value);
    if (text === '') throw invalidArgument(what, 'at least one character', value);
    if (!isWellFormed(text)) throw invalidArgument(what, 'a string without lone surrogates', value);
    const { issues } = this.#check(name, text);
    if (issues) {
      const cause = new ValidationError(issues);
      const error = invalidArgument(what, 'as its schema has it', value, `${cause.message}.`);
      throw Object.assign(error, { cause });
    }
    return this.#params.encode(text, name === this.#openEnd);
  }

  #check(name: string, text: string): ReturnType<typeof validate> {
    const schema = own(this.schemas, name);
    return schema ? validate(schema, text) : { value: text };
  }

  #assertParams(params: unknown): asserts params is Params {
    if (typeof params !== 'object' || params === null)
      throw invalidArgument(`the parameters of ${this.title}`, 'an object', params);
    this.#assertParamNames(params);
  }

  #assertParamNames(params: object): void {
    for (const name of Object.keys(params)) {
      if (this.paramNames.includes(name)) continue;
      const nearest = nearestOf(name, this.paramNames);
      const list = this.paramNames.map((known) => `'${known}'`).join(', ') || 'none';
      const advice = nearest && `Did you mean '${nearest}'?`;
      throw invalidArgument(`a parameter of ${this.title}`, `among its own (${list})`, name, advice);
    }
  }
}

function definitionOf(topic: string, declaration: TopicData | TopicDefinition): TopicDefinition {
  if (isSchema(declaration)) return { data: declaration };
  const what = `the declaration of the topic ${JSON.stringify(topic)}`;
  if (typeof declaration !== 'object' || (declaration as object | null) === null)
    throw invalidArgument(what, 'a codec, a Standard Schema, or an object with one as `data`', declaration);
  if (!('data' in declaration)) {
    assertCodec(declaration);
    return { data: declaration };
  }
  assertKnownOptions(what, declaration, DEFINITION);
  if (!isSchema(declaration.data)) assertCodec(declaration.data);
  return declaration;
}

/** Returns the expression for the names of a topic. */
function nameOf(template: Template, param: string, openEnd: string | undefined): RegExp {
  const source = template.map((part) => {
    if (typeof part === 'string') return part.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
    return part.param === openEnd ? '(.+)' : param;
  });
  return new RegExp(`^${source.join('')}$`, 'su');
}

/** Returns an own property: a parameter may be called like a method of every object. */
function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

/** Returns the text of a parameter's value in the name of a channel; undefined if the value has no obvious text. */
function textOf(value: unknown): string | undefined {
  if (value instanceof Date) return isNaN(value.getTime()) ? undefined : value.toISOString();
  const hasText = ['string', 'number', 'bigint', 'boolean'].includes(typeof value);
  return hasText ? String(value) : undefined;
}
