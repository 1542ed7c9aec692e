interface Options {
  readonly RESP?: number;
  readonly modules?: object;
  readonly functions?: object;
  readonly scripts?: object;
}

/**
 * Takes the place of node-redis's `SingleEntryCache`. For each client with other options than the client before,
 * node-redis creates a class with some 1,200 methods, which takes longer than most tests; the class depends only on the
 * protocol and the commands.
 */
export default class ClientClasses {
  readonly #classes = new Map<string, unknown>();

  get(options: Options | undefined): unknown {
    const key = keyOf(options);
    return key === undefined ? undefined : this.#classes.get(key);
  }

  set(options: Options | undefined, created: unknown): void {
    const key = keyOf(options);
    if (key !== undefined) this.#classes.set(key, created);
  }
}

/** Returns undefined for commands of the user's own: their names do not tell them apart. */
function keyOf({ RESP, modules = {}, functions, scripts }: Options = {}): string | undefined {
  return functions || scripts ? undefined : [RESP, ...Object.keys(modules)].join();
}
