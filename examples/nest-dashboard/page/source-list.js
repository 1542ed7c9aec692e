const COLOURS = 8;

/** The channels that are listened to, each with its colour, its rate and a button that removes it. */
export class SourceList {
  #list;
  #remove;
  #rows = new Map();
  #colours = new Map();
  /** The id of the one that is pointed at. */
  #chosen;

  constructor(list, remove) {
    this.#list = list;
    this.#remove = remove;
  }

  /** The classes of the source's line in the charts. */
  lineOf(id) {
    const isFaint = this.#rows.has(this.#chosen) && this.#chosen !== id;
    return isFaint ? `${this.#colourOf(id)} faint` : this.#colourOf(id);
  }

  show(sources, rates) {
    const ids = new Set(sources.map(({ id }) => id));
    for (const [id, { row }] of this.#rows) {
      if (ids.has(id)) continue;
      this.#keepFocus(row);
      row.remove();
      this.#rows.delete(id);
    }
    for (const source of sources) {
      if (!this.#rows.has(source.id)) this.#append(source);
      const { rate, total } = this.#rows.get(source.id);
      rate.textContent = `${Math.round(rates.get(source.id) ?? 0)}/s`;
      total.textContent = `${source.kind}, ${source.received.toLocaleString('en')} in all`;
    }
  }

  #append(source) {
    const row = element('li', this.#colourOf(source.id));
    row.dataset.source = source.name;
    const name = element('span', 'name');
    const total = element('small');
    name.append(element('code', '', source.name), total);
    const rate = element('span', 'rate');
    const button = element('button', 'remove', '×');
    button.type = 'button';
    button.setAttribute('aria-label', `Remove ${source.name}`);
    button.addEventListener('click', () => void this.#remove(source));
    for (const type of ['pointerenter', 'focusin'])
      row.addEventListener(type, () => (this.#chosen = source.id));
    for (const type of ['pointerleave', 'focusout'])
      row.addEventListener(type, () => (this.#chosen = undefined));
    row.append(element('i', 'swatch'), name, rate, button);
    this.#list.append(row);
    this.#rows.set(source.id, { row, rate, total });
  }

  #colourOf(id) {
    if (!this.#colours.has(id)) this.#colours.set(id, `colour-${this.#colours.size % COLOURS}`);
    return this.#colours.get(id);
  }

  /** Moves the keyboard focus to the next row. */
  #keepFocus(row) {
    if (!row.contains(document.activeElement)) return;
    const neighbour = row.nextElementSibling ?? row.previousElementSibling;
    (neighbour?.querySelector('button') ?? document.getElementById('name')).focus();
  }
}

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}
