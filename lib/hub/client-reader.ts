import { installPushReader, removePushReader } from '../reader/install.js';

/** The reader of messages in front of a client's decoder: there while it is wanted, if the client is one that it knows. */
export class ClientReader {
  readonly #client: object;
  #isWanted = false;

  constructor(client: object) {
    this.#client = client;
  }

  set isWanted(isWanted: boolean) {
    if (isWanted === this.#isWanted) return;
    this.#isWanted = isWanted;
    if (isWanted) installPushReader(this.#client);
    else removePushReader(this.#client);
  }
}
