import fc from 'fast-check';
import { Ring } from '../../../lib/queue/ring.js';

describe('Ring', () => {
  it('is a queue after any sequence of pushes and shifts', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 60 }))), (steps) => {
        const ring = new Ring<number>();
        const model: number[] = [];
        let next = 0;
        for (const [isPush, count] of steps) {
          for (let i = 0; i < count; i++) {
            if (isPush) {
              ring.push(next);
              model.push(next++);
            } else {
              expect(ring.shift()).toBe(model.shift());
            }
            expect(ring.length).toBe(model.length);
          }
        }
        while (model.length > 0) expect(ring.shift()).toBe(model.shift());
        expect(ring.shift()).toBeUndefined();
      }),
    );
  });
});
