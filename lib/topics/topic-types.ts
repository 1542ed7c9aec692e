import type { Channel, Message } from '../channel.js';
import type { Codec } from '../codec/codec.js';
import type { Schema } from '../codec/standard-schema.js';
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

/** The parameters of a declared topic. */
export type ParamsOf<Template extends string, Declaration> = {
  readonly [Name in ParamName<Template>]: Declaration extends { readonly params: infer Schemas }
    ? Name extends keyof Schemas
      ? Schemas[Name] extends Schema<infer T>
        ? T
        : string
      : string
    : string;
};

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
export type MessageOfTopic<D, Template extends TopicName<D>> = TopicMessage<
  Template,
  ParamsOf<Template, D[Template & keyof D]>,
  DataOf<D[Template & keyof D]>
>;

/** The union of the messages of all topics. */
export type MessageOfTopics<D> = {
  readonly [Template in TopicName<D>]: MessageOfTopic<D, Template>;
}[TopicName<D>];

/** The data of one topic. */
export type DataOfTopic<D, Template extends TopicName<D>> = DataOf<D[Template & keyof D]>;

/** The parameters of one topic. */
export type ParamsOfTopic<D, Template extends TopicName<D>> = ParamsOf<Template, D[Template & keyof D]>;

/** The arguments behind a template where all parameters are needed: none if the topic has no parameters. */
export type AllParams<D, Template extends TopicName<D>> = [ParamName<Template>] extends [never]
  ? []
  : [params: ParamsOfTopic<D, Template>];

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

/** The declarations without parameters that their templates do not have. */
export type CheckedDeclarations<D> = {
  readonly [Template in keyof D]: D[Template] extends { readonly params: infer Schemas }
    ? Template extends string
      ? { readonly params: Readonly<Record<Exclude<keyof Schemas, ParamName<Template>>, never>> }
      : never
    : unknown;
};
