/** The names of the parameters of a template, as a union: `'id' | 'event'` for `'order:{id}:{event}'`. */
export type ParamName<Template extends string> = string extends Template
  ? string
  : Template extends `${string}{${infer After}`
    ? After extends `{${infer Rest}`
      ? ParamName<Rest>
      : After extends `${infer Name}}${infer Rest}`
        ? Name | ParamName<Rest>
        : never
    : never;

/** The names of the channels of a template: `` `order:${string}:${string}` `` for `'order:{id}:{event}'`. */
export type ChannelName<Template extends string, Before extends string = ''> = string extends Template
  ? string
  : Template extends `${infer Literal}{${infer After}`
    ? After extends `{${infer Rest}`
      ? ChannelName<Rest, `${Before}${Unescaped<Literal>}{`>
      : After extends `${string}}${infer Rest}`
        ? ChannelName<Rest, `${Before}${Unescaped<Literal>}${string}`>
        : never
    : `${Before}${Unescaped<Template>}`;

/** A literal part with `}}` replaced by the brace for which it stands. */
type Unescaped<Literal extends string> = Literal extends `${infer Before}}}${infer After}`
  ? `${Before}}${Unescaped<After>}`
  : Literal;
