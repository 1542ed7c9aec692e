/**
 * Sequencer that puts answers back into the order of their questions. Each question calls `draw`, and passes its answer to
 * the function that `draw` returns; the answer runs once all earlier answers have run.
 */
export class InTurn {
  readonly #early = new Map<number, () => void>();
  #drawn = 0;
  #turn = 0;

  draw(): (answer: () => void) => void {
    const number = this.#drawn++;
    return (answer) => {
      this.#early.set(number, answer);
      // An answer may draw further questions that are answered at once. Their answers run inside this one, still in order.
      for (let next = this.#early.get(this.#turn); next; next = this.#early.get(this.#turn)) {
        this.#early.delete(this.#turn++);
        next();
      }
    };
  }
}
