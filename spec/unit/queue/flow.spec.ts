import { currentFlow, deliverFrom, HoldableFlow, type Flow } from '../../../lib/queue/flow.js';
import { resolveBounds, type BufferOptions } from '../../../lib/queue/buffer-options.js';
import { WaitingLine } from '../../../lib/queue/waiting-line.js';
import { ArrivalOrder } from '../../../lib/queue/waiting-order.js';

/** Flow that only keeps its holders. */
class TestFlow implements Flow {
  readonly holders = new Set<object>();
  onRelease: () => void = () => undefined;

  hold(holder: object): void {
    this.holders.add(holder);
  }

  release(holder: object): void {
    this.holders.delete(holder);
    this.onRelease();
  }
}

function lineOf(options: BufferOptions): WaitingLine<string> {
  return new WaitingLine(new ArrivalOrder<string>(), resolveBounds(options, 'unbounded'), undefined);
}

function push(line: WaitingLine<string>, flow: Flow, ...values: string[]): void {
  for (const value of values) deliverFrom(flow, () => line.push(value));
}

function take(line: WaitingLine<string>): string | undefined {
  const waiting = line.next();
  line.relax();
  return waiting?.value;
}

describe('deliverFrom', () => {
  const [outer, inner] = [new TestFlow(), new TestFlow()];

  it('sets the current flow during the delivery, also around nested deliveries', () => {
    const seen: unknown[] = [currentFlow()];
    deliverFrom(outer, () => {
      seen.push(currentFlow());
      deliverFrom(inner, () => seen.push(currentFlow()));
      seen.push(currentFlow());
    });
    seen.push(currentFlow());
    expect(seen).toEqual([undefined, outer, inner, outer, undefined]);
  });

  it('resets the current flow when the delivery throws', () => {
    const fail = (): never => {
      throw new Error('thrown by the delivery');
    };
    expect(() => deliverFrom(outer, fail)).toThrow('thrown by the delivery');
    expect(currentFlow()).toBeUndefined();
  });
});

describe('HoldableFlow', () => {
  it('goes on once all holders have released it', () => {
    let released = 0;
    const flow = new HoldableFlow(() => released++);
    const [one, other] = [{}, {}];
    for (const holder of [one, one, other]) flow.hold(holder);
    flow.release(one);
    flow.release(one);
    expect([flow.isHeld, released]).toEqual([true, 0]);
    flow.release(other);
    expect([flow.isHeld, released]).toEqual([false, 1]);
    flow.release(other);
    expect(released).toBe(1);
  });
});

describe('a waiting line holds a flow', () => {
  it.each(['error', 'replay'] as const)(
    'from the value that fills the line, until less than half of it is in use: %s',
    (overflow) => {
      const line = lineOf({ capacity: 4, overflow });
      const flow = new TestFlow();
      push(line, flow, 'a', 'b', 'c');
      expect(flow.holders.size).toBe(0);
      push(line, flow, 'd');
      expect([...flow.holders]).toEqual([line]);
      for (const value of ['a', 'b']) {
        expect(take(line)).toBe(value);
        expect(flow.holders.size).toBe(1);
      }
      expect(take(line)).toBe('c');
      expect(flow.holders.size).toBe(0);
    },
  );

  it('when another value of the same size would exceed `maxBytes`', () => {
    const line = lineOf({ maxBytes: 10 });
    const flow = new TestFlow();
    push(line, flow, 'xxx', 'xxx');
    expect(flow.holders.size).toBe(0);
    push(line, flow, 'xxx');
    expect(flow.holders.size).toBe(1);
    take(line);
    expect(flow.holders.size).toBe(1);
    take(line);
    expect(flow.holders.size).toBe(0);
  });

  it('and keeps the remaining values of the same delivery, beyond the bounds', () => {
    const line = lineOf({ capacity: 1, maxBytes: 3 });
    const flow = new TestFlow();
    deliverFrom(flow, () => {
      for (const value of ['aa', 'bb', 'cc']) line.push(value);
    });
    expect(flow.holders.size).toBe(1);
    expect(line.length).toBe(3);
    expect([take(line), take(line)]).toEqual(['aa', 'bb']);
    expect(flow.holders.size).toBe(1);
    expect(take(line)).toBe('cc');
    expect(flow.holders.size).toBe(0);
  });

  it('but not under a policy that drops values', () => {
    const flow = new TestFlow();
    for (const overflow of ['drop-oldest', 'drop-incoming'] as const) {
      const line = lineOf({ capacity: 2, overflow });
      push(line, flow, 'a', 'b', 'c');
      expect(flow.holders.size).toBe(0);
      expect(line.length).toBe(2);
    }
  });

  it('but refuses a value that is larger than `maxBytes` by itself', () => {
    const line = lineOf({ maxBytes: 3 });
    const flow = new TestFlow();
    expect(() => push(line, flow, 'xxxx')).toThrow(expect.objectContaining({ bound: 'maxBytes' }));
    expect(flow.holders.size).toBe(0);
  });

  it('and refuses the value of another source', () => {
    const line = lineOf({ capacity: 1 });
    push(line, new TestFlow(), 'a');
    expect(() => line.push('b')).toThrow(expect.objectContaining({ bound: 'capacity' }));
  });
});

describe('a waiting line with several flows', () => {
  it('holds each of them, and releases all', () => {
    const line = lineOf({ capacity: 1 });
    const flows = [new TestFlow(), new TestFlow(), new TestFlow()] as const;
    for (const flow of flows) push(line, flow, 'x');
    expect(flows.map(({ holders }) => holders.size)).toEqual([1, 1, 1]);
    line.clear();
    line.releaseAll();
    expect(flows.map(({ holders }) => holders.size)).toEqual([0, 0, 0]);
  });

  it('releases them in turn while it is relaxed, the longest held first', () => {
    const line = lineOf({ capacity: 1 });
    const flows = { a: new TestFlow(), b: new TestFlow() };
    for (const [name, flow] of Object.entries(flows)) {
      push(line, flow, name);
      flow.onRelease = () => push(line, flow, name);
    }
    expect(Array.from({ length: 6 }, () => take(line))).toEqual(['a', 'b', 'a', 'b', 'a', 'b']);
    expect(line.length).toBe(1);
  });

  it('releases each flow once when a release ends everything', () => {
    const line = lineOf({ capacity: 1 });
    let releases = 0;
    for (const flow of [new TestFlow(), new TestFlow()]) {
      push(line, flow, 'x');
      flow.onRelease = () => {
        releases++;
        line.releaseAll();
      };
    }
    line.clear();
    line.relax();
    expect(releases).toBe(2);
  });
});
