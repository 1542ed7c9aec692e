import { bytes, json, text, type Codec } from '../codec/codec.js';
import { isSchema, type Schema } from '../codec/standard-schema.js';
import { schemaOf } from '../codec/validated.js';
import { invalidArgument } from '../errors/invalid-argument.js';
import { assertKnownOptions, optionNames } from '../errors/known-options.js';
import type { Topic } from './topic.js';
import type { TopicDeclarations } from './topic-types.js';
import { Topics } from './topics.js';

/** The information that an AsyncAPI document needs beside the topics. */
export interface DescribeOptions {
  /**
   * The title of the system.
   * @default 'Topics on Redis Pub/Sub'
   */
  readonly title?: string | undefined;
  /**
   * The version of the document.
   * @default '1.0.0'
   */
  readonly version?: string | undefined;
  /** Text about the system, in CommonMark. */
  readonly description?: string | undefined;
}

/** An AsyncAPI 3 document, ready for `JSON.stringify`. */
export interface AsyncApiDocument {
  /** The version of AsyncAPI. */
  readonly asyncapi: '3.0.0';
  /** The title, the version and the description of the system. */
  readonly info: AsyncApiInfo;
  /** The topics, by identifiers that resemble their templates. */
  readonly channels: Readonly<Record<string, AsyncApiChannel>>;
}

/** The information about the system in an AsyncAPI document. */
export interface AsyncApiInfo {
  /** The title of the system. */
  readonly title: string;
  /** The version of the document. */
  readonly version: string;
  /** Text about the system, in CommonMark. */
  readonly description?: string;
}

/** A topic in an AsyncAPI document. */
export interface AsyncApiChannel {
  /** The template, with literal braces percent-encoded. */
  readonly address: string;
  /** The description and the permitted values of each parameter. */
  readonly parameters?: Readonly<Record<string, object>>;
  /** The messages of the topic: one, under the key `message`. */
  readonly messages: Readonly<Record<string, AsyncApiMessage>>;
  /** The binding to Redis, for which AsyncAPI has no settings. */
  readonly bindings: Readonly<Record<'redis', object>>;
  /** The template as it was declared. */
  readonly 'x-redis-template': string;
  /** The kind of the topic. */
  readonly 'x-redis-kind': 'channel' | 'shard';
}

/** The messages of a topic in an AsyncAPI document. */
export interface AsyncApiMessage {
  /** The template of the topic. */
  readonly name: string;
  /** The media type of the payload. */
  readonly contentType: string;
  /** The JSON Schema of the payload. */
  readonly payload?: object;
}

const OPTIONS = optionNames<DescribeOptions>({ title: true, version: true, description: true });

/**
 * Returns an AsyncAPI 3 document of topics: their addresses, parameters and messages. A message has the JSON Schema of its
 * payload if the library of its schema implements Standard JSON Schema, such as zod from 4.2 and arktype from 2.1.
 *
 * ```ts
 * await writeFile('asyncapi.json', JSON.stringify(describe(events, { title: 'Shop', version: '2.1.0' }), null, 2));
 * ```
 *
 * Literal braces, which an address would take for a parameter, are percent-encoded there; `x-redis-template` has the
 * template as it was declared.
 *
 * @see https://www.asyncapi.com/docs/reference/specification/v3.0.0
 */
export function describe<D extends TopicDeclarations>(
  topics: Topics<D>,
  options: DescribeOptions = {},
): AsyncApiDocument {
  if (!(topics instanceof Topics)) throw invalidArgument('the topics', 'what topics() returns', topics);
  assertKnownOptions('the options of describe', options, OPTIONS);
  const { title = 'Topics on Redis Pub/Sub', version = '1.0.0', description } = options;
  const channels: Record<string, AsyncApiChannel> = {};
  for (const topic of topics) channels[freeId(topic.topic, channels)] = channelOf(topic);
  const info = description === undefined ? { title, version } : { title, version, description };
  return { asyncapi: '3.0.0', info, channels };
}

/** Returns an identifier that resembles the template, and that no other channel has. */
function freeId(template: string, taken: object): string {
  const id = template.replace(/[^\w-]+/g, '.').replace(/^\.|\.$/g, '') || 'topic';
  let free = id;
  for (let number = 2; Object.hasOwn(taken, free); number++) free = `${id}.${number}`;
  return free;
}

function channelOf(topic: Topic): AsyncApiChannel {
  const parameters = topic.paramNames.map((name) => [name, parameterOf(topic.schemas[name])] as const);
  return {
    address: topic.template
      .map((part) => (typeof part === 'string' ? escaped(part) : `{${part.param}}`))
      .join(''),
    ...(parameters.length > 0 ? { parameters: Object.fromEntries(parameters) } : {}),
    messages: { message: messageOf(topic) },
    bindings: { redis: {} },
    'x-redis-template': topic.topic,
    'x-redis-kind': topic.kind,
  };
}

function escaped(literal: string): string {
  return literal.replaceAll('{', '%7B').replaceAll('}', '%7D');
}

function messageOf({ topic, data }: Topic): AsyncApiMessage {
  const schema = isSchema(data) ? data : schemaOf(data);
  if (schema) return { name: topic, contentType: 'application/json', ...payloadOf(jsonSchemaOf(schema)) };
  const known = PAYLOADS.get(data as Codec<unknown>);
  return { name: topic, contentType: 'application/octet-stream', ...known };
}

const PAYLOADS = new Map<Codec<unknown>, Omit<AsyncApiMessage, 'name'>>([
  [text, { contentType: 'text/plain', payload: { type: 'string' } }],
  [bytes, { contentType: 'application/octet-stream', payload: { type: 'string', format: 'binary' } }],
  [json(), { contentType: 'application/json' }],
]);

function payloadOf(payload: object | undefined): { payload?: object } {
  return payload ? { payload } : {};
}

/** Returns what AsyncAPI has about a parameter: its name stands for a string. */
function parameterOf(schema: Schema | undefined): object {
  const { description, enum: values } = (schema && (jsonSchemaOf(schema) as JsonSchema | undefined)) ?? {};
  return {
    ...(typeof description === 'string' ? { description } : {}),
    ...(Array.isArray(values) ? { enum: values.map(String) } : {}),
  };
}

interface JsonSchema {
  readonly description?: unknown;
  readonly enum?: unknown;
}

/** Returns the JSON Schema of a payload; undefined if the library has none, or none for this schema. */
function jsonSchemaOf(schema: Schema): object | undefined {
  const standard = schema['~standard'] as { jsonSchema?: { input?: (options: object) => object } };
  try {
    return standard.jsonSchema?.input?.({ target: 'draft-07' });
  } catch {
    return undefined;
  }
}
