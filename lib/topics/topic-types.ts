import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Channel, Message } from '../channel.js';
import type { Codec } from '../codec/codec.js';
import type { Schema } from '../codec/standard-schema.js';
import type { RecoverableOptions } from '../recovery/recoverable.js';
import type { ChannelName, ParamName } from './template-types.js';

/** The codec of a topic's payloads, or a schema of the values in JSON. */
export type TopicData = Codec<unknown> | Schema;

/** A topic with more than the type of its payloads. */
export interface TopicDefinition {
  /** The codec of the payloads, or a schema, which stands for `validated(schema)`. */
  readonly data: TopicData;
  /**
   * A schema for each parameter that is no plain string. A schema gets the text from the name of the channel; the value of
   * the parameter is the schema's output.
   * @default each parameter is a string without the separators of the template
   */
  readonly params?: Readonly<Record<string, Schema>> | undefined;
  /**
   * `'shard'` for a topic of sharded channels. Redis has no patterns for those, so each subscription needs all parameters.
   * @default 'channel'
   */
  readonly kind?: 'channel' | 'shard' | undefined;
  /**
   * The logs of a topic whose messages can be recovered: publishers append each message to the log of its channel, as
   * {@link recoverable} does, and Channels with all parameters read from there what they miss. The Channel of a pattern gets
   * the messages without recovering any.
   * @default no logs
   */
  readonly recover?: RecoverableOptions | undefined;
}

/** The topics of a system by their templates. */
export type TopicDeclarations = Readonly<Record<string, TopicData | TopicDefinition>>;

/** The templates of the topics. */
export type TopicName<D> = D extends TopicDeclarations ? keyof D & string : never;

/** The type of the payloads of a declared topic. */
export type DataOf<Declaration> =
  Declaration extends Schema<infer T>
    ? T
    : Declaration extends Codec<infer T>
      ? T
      : Declaration extends { readonly data: infer Data }
        ? DataOf<Data>
        : never;

// An editor shows a type by the name of its alias, unless a condition resolves it: that of `D extends unknown` always holds,
// and lets a user read the parameters and the union of the messages in place of the declarations.

/** The parameters of a declared topic. */
export type ParamsOf<Template extends string, Declaration> = Declaration extends unknown
  ? { readonly [Name in ParamName<Template>]: ParamOf<Name, Declaration> }
  : never;

/** The type of one parameter of a declared topic. */
type ParamOf<Name extends string, Declaration> = Declaration extends {
  readonly params: Readonly<Record<Name, Schema<infer T>>>;
}
  ? T
  : string;

/** A message of a topic: `topic` tells the topics of a union apart. */
export interface TopicMessage<
  Template extends string = string,
  Params = object,
  Data = unknown,
> extends Message<Data> {
  /** The Channel that received the message. */
  readonly source: Channel<Data>;
  /** The template of the topic. */
  readonly topic: Template;
  /** The parameters, as the name of the channel has them. */
  readonly params: Params;
  /** The channel to which the message was published. */
  readonly channel: ChannelName<Template>;
}

/** The message of one topic. */
export type MessageOfTopic<D, Template extends TopicName<D>> = D extends unknown
  ? TopicMessage<Template, ParamsOfTopic<D, Template>, DataOfTopic<D, Template>>
  : never;

/** The union of the messages of all topics. */
export type MessageOfTopics<D> = D extends unknown
  ? { readonly [Template in TopicName<D>]: MessageOfTopic<D, Template> }[TopicName<D>]
  : never;

/** The data of one topic. */
export type DataOfTopic<D, Template extends TopicName<D>> = DataOf<D[Template & keyof D]>;

/** The parameters of one topic. */
export type ParamsOfTopic<D, Template extends TopicName<D>> = ParamsOf<Template, D[Template & keyof D]>;

/** The arguments behind a template where all parameters are needed: none if the topic has no parameters. */
export type AllParams<D, Template extends TopicName<D>> = Template extends unknown
  ? [ParamName<Template>] extends [never]
    ? []
    : [params: ParamsOfTopic<D, Template>]
  : never;

/** The parameters of a topic without any. */
type NoParams = Readonly<Record<string, never>>;

/** The arguments behind a template where a pattern may stand for parameters: a shard has no patterns. */
export type SomeParams<D, Template extends TopicName<D>> = D[Template & keyof D] extends {
  readonly kind: 'shard';
}
  ? AllParams<D, Template>
  : [ParamName<Template>] extends [never]
    ? [params?: NoParams]
    : [params?: Partial<ParamsOfTopic<D, Template>>];

/** The declarations with nothing but schemas of text for parameters of their templates. */
export type CheckedDeclarations<D> = {
  readonly [Template in keyof D]: D[Template] extends { readonly params: infer Schemas }
    ? {
        readonly params: {
          readonly [Name in keyof Schemas]: CheckedParam<Name, Template & string, Schemas[Name]>;
        };
      }
    : unknown;
};

/** Anything for a valid parameter; otherwise a text, with which the compiler says what is wrong. */
type CheckedParam<Name, Template extends string, Declared> =
  Name extends ParamName<Template>
    ? AcceptsText<StandardSchemaV1.InferInput<Declared & StandardSchemaV1>> extends true
      ? unknown
      : 'a schema gets the text of the parameter, such as z.coerce.number() in place of z.number()'
    : 'the template has no parameter of this name';

type AcceptsText<Input> = string extends Input
  ? true
  : [Extract<Input, string>] extends [never]
    ? false
    : true;
