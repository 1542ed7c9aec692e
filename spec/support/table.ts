/**
 * Returns the rows of a table that is written as text: the first line has the headings, and a `|` stands between two cells.
 * A cell is a string without the spaces around it.
 */
export function table<Heading extends string>(text: string): Record<Heading, string>[] {
  const [headings, ...rows] = text
    .trim()
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim())) as [string[], ...string[][]];
  return rows.map((cells) => {
    if (cells.length !== headings.length)
      throw new Error(`expected ${headings.length} cells, got: ${cells.join(' | ')}`);
    return Object.fromEntries(cells.map((cell, index) => [headings[index], cell])) as Record<Heading, string>;
  });
}

/** Returns the entries of a cell, which commas separate. */
export function listOf(cell: string): string[] {
  return cell === '' ? [] : cell.split(',').map((entry) => entry.trim());
}
