/** Returns whether a client of a single server has a reader of pushes in front of its decoder. */
export function hasReader(client: object): boolean {
  const { decoder } = (client as { _getQueue(): { readonly decoder: object } })._getQueue();
  return Object.hasOwn(decoder, 'write');
}
