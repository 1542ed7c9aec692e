/**
 * Puts answers that come in any order back into the order of their questions: each question draws a number with `draw`,
 * and what is given to the function that it gets is run when all before it have been.
 */
export class InTurn {
  readonly #early = new Map<number, () => void>();
  #drawn = 0;
  #turn = 0;

  draw(): (answer: () => void) => void {
    const number = this.#drawn++;
    return (answer) => {
      this.#early.set(number, answer);
      // An answer may bring new questions that are answered at once. They run inside it, and are in order all the same.
      for (let next = this.#early.get(this.#turn); next; next = this.#early.get(this.#turn)) {
        this.#early.delete(this.#turn++);
        next();
      }
    };
  }
}
