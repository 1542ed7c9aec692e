import fc from 'fast-check';
import { LinkedMap } from '../../../lib/queue/linked-map.js';

it('is a Map that knows its oldest entry', () => {
  const keys = fc.nat(7);
  const operations = fc.array(fc.oneof(fc.record({ append: keys }), fc.record({ delete: keys })));
  fc.assert(
    fc.property(operations, (operations) => {
      const map = new LinkedMap<number, number>();
      const model = new Map<number, number>();
      for (const [value, operation] of operations.entries()) {
        if ('delete' in operation) {
          expect(map.delete(operation.delete)).toBe(model.delete(operation.delete));
        } else if (!model.has(operation.append)) {
          map.append(operation.append, value);
          model.set(operation.append, value);
        }
        const [oldest] = model;
        expect(map.oldest && [map.oldest.key, map.oldest.value]).toEqual(oldest);
        expect(map.keys()).toEqual([...model.keys()]);
        expect(map.keys().map((key) => map.get(key))).toEqual([...model.values()]);
        expect(map.size).toBe(model.size);
      }
      map.clear();
      expect(map).toMatchObject({ size: 0, oldest: undefined });
    }),
  );
});
