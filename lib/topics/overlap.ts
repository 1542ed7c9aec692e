import { separatorsOf, type Template } from './template.js';

/** One character of a literal, or a parameter, which is one or more characters that are not in `excluded`. */
type Step = string | { readonly excluded: ReadonlySet<string> };

/** A place in the steps; `isInside`: the parameter there has taken a character, and may take more. */
interface Place {
  readonly at: number;
  readonly isInside: boolean;
}

/** Returns whether a name matches both templates, apart from the schemas of their parameters. */
export function overlap(a: Template, b: Template): boolean {
  const [left, right] = [stepsOf(a), stepsOf(b)];
  const seen = new Set<string>();
  const waiting: [Place, Place][] = [];
  const visit = (i: Place, j: Place) => {
    const key = `${i.at} ${i.isInside} ${j.at} ${j.isInside}`;
    if (!seen.has(key)) waiting.push([i, j]);
    seen.add(key);
  };
  visit({ at: 0, isInside: false }, { at: 0, isInside: false });
  for (let pair = waiting.pop(); pair; pair = waiting.pop()) {
    const [i, j] = pair;
    if (isEnd(left, i) && isEnd(right, j)) return true;
    for (const from of placesOf(i))
      for (const to of placesOf(j))
        if (haveCommon(left[from.at], right[to.at])) visit(after(left, from), after(right, to));
  }
  return false;
}

function stepsOf(template: Template): Step[] {
  const excluded = separatorsOf(template);
  return template.flatMap((part): Step[] => (typeof part === 'string' ? Array.from(part) : [{ excluded }]));
}

/** Returns the places from which the next character can be taken: behind a parameter, too, once it has a character. */
function placesOf(place: Place): Place[] {
  return place.isInside ? [place, { at: place.at + 1, isInside: false }] : [place];
}

function after(steps: readonly Step[], { at }: Place): Place {
  return typeof steps[at] === 'string' ? { at: at + 1, isInside: false } : { at, isInside: true };
}

function isEnd(steps: readonly Step[], place: Place): boolean {
  return placesOf(place).some(({ at }) => at === steps.length);
}

function haveCommon(a: Step | undefined, b: Step | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  if (typeof a === 'string') return typeof b === 'string' ? a === b : !b.excluded.has(a);
  return typeof b === 'string' ? !a.excluded.has(b) : true;
}
