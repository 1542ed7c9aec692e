import { Observable } from 'rxjs';
import type { Message } from '../../../lib/channel.js';
import { listOf, table } from '../../support/table.js';
import { SubjectScene, raw, type Form } from './subject-scene.js';

/** Each row: a script, the deliveries to the observers, and the messages that wait at its end. */
function rules(form: Form, text: string): void {
  it.each(table<'script' | 'received' | 'waits'>(text))(
    '$script → $received',
    ({ script, received, waits }) => {
      const scene = new SubjectScene(form).run(listOf(script));
      expect(scene.received.join(' ')).toBe(received);
      expect(scene.takeRest()).toBe(waits);
    },
  );
}

describe.each<Form>(['plain', 'encoded'])('BufferedSubject with %s messages', (form) => {
  describe('hands messages to all observers, and keeps them while there are none', () => {
    rules(
      form,
      `
        script                                     | received | waits
        push 1, push 2                             |          | 1 2
        a joins, push 1, push 2                    | a1 a2    |
        push 1, push 2, a joins, push 3            | a1 a2 a3 |
        a joins, push 1, b joins, push 2           | a1 a2 b2 |
        push 1, a joins, b joins                   | a1       |
        a joins, a leaves, push 1                  |          | 1
        a joins, b joins, a leaves, push 1         | b1       |
        a joins, push 1, a leaves, push 2, b joins | a1 b2    |
      `,
    );
  });

  describe('keeps the order when an observer acts inside its callback', () => {
    rules(
      form,
      `
        script                                                         | received    | waits
        a joins, when 1 do push 2, push 1                              | a1 a2       |
        a joins, b joins, when 1 do push 2, push 1                     | a1 b1 a2 b2 |
        push 1, push 2, when 1 do push 3, a joins                      | a1 a2 a3    |
        push 1, push 2, when 1 do a leaves, a joins                    | a1          | 2
        a joins, when 1 do a leaves, push 1, push 2                    | a1          | 2
        a joins, when 1 do push 2, when 1 do a leaves, push 1          | a1          | 2
        a joins, when 1 do b joins, push 1, push 2                     | a1 a2 b2    |
        push 1, push 2, when 1 do b joins, a joins                     | a1 a2 b2    |
        push 1, push 2, when 1 do a leaves, when 1 do b joins, a joins | a1 b2       |
        a joins, b joins, when 1 do b leaves, push 1, push 2           | a1 a2       |
      `,
    );
  });

  describe('ends the present observers at an error, and continues after it with the next observers', () => {
    rules(
      form,
      `
        script                                               | received  | waits
        place E                                              |           | !E
        place E, a joins                                     | a!E       |
        a joins, place E, push 1                             | a!E       | 1
        a joins, b joins, place E                            | a!E b!E   |
        push 1, place E, push 2, a joins                     | a1 a!E    | 2
        push 1, place E, push 2, a joins, b joins            | a1 a!E b2 |
        push 1, place E, push 2, when E do b joins, a joins  | a1 a!E b2 |
        place E, place F, when E do b joins, a joins         | a!E b!F   |
        a joins, dismiss E, push 1                           | a!E       | 1
        a joins, when 1 do place E, push 1                   | a1 a!E    |
        a joins, when 1 do place E, when 1 do push 2, push 1 | a1 a!E    | 2
      `,
    );
  });

  describe('ends once, and still hands over what waits', () => {
    rules(
      form,
      `
        script                                                  | received    | waits
        a joins, end now                                        | a.          |
        a joins, end now E                                      | a!E         |
        a joins, b joins, end now                               | a. b.       |
        end now, a joins                                        | a.          |
        end now E, a joins, b joins                             | a!E b!E     |
        a joins, end behind                                     | a.          |
        end now, end now E, a joins                             | a.          |
        push 1, push 2, end now, a joins, b joins               | a1 a2 a. b. |
        push 1, place E, end now, a joins, b joins              | a1 a!E b.   |
        a joins, when 1 do push 2, when 1 do end now, push 1    | a1 a.       | 2
        a joins, when 1 do push 2, when 1 do end behind, push 1 | a1 a2 a.    |
        a joins, when end do b joins, end now                   | a. b.       |
      `,
    );
  });
});

describe('BufferedSubject and its codec', () => {
  describe('keep a message whose observer leaves inside the codec, and not a message that cannot be decoded', () => {
    rules(
      'encoded',
      `
        script                                           | received    | waits
        a joins, push bad, push 1                        | a!bad       | 1
        push bad, push 1, a joins                        | a!bad       | 1
        a joins, b joins, push bad                       | a!bad b!bad |
        a joins, decoding 1 do a leaves, push 1          |             | 1
        push 1, push 2, decoding 1 do a leaves, a joins  |             | 1 2
        a joins, b joins, decoding 1 do a leaves, push 1 | b1          |
        a joins, decoding 1 do b joins, push 1           | a1 b1       |
        a joins, decoding 1 do push 2, push 1            | a1 a2       |
      `,
    );
  });
});

describe('BufferedSubject and its host', () => {
  it.each(
    table<'script' | 'calls'>(`
      script                                                    | calls
      a joins                                                   | observed
      a joins, b joins                                          | observed
      a joins, b joins, a leaves                                | observed, left
      a joins, a leaves                                         | observed, deserted
      a joins, place E                                          | observed, deserted
      a joins, push bad                                         | observed, undecodable bad, deserted
      a joins, end now                                          | observed
      a joins, when end do b joins, end now                     | observed
      a joins, when 1 do end behind, when 1 do a leaves, push 1 | observed
      end now, a joins                                          |
      a joins, when E do b joins, place E                       | observed, observed
      push 1                                                    | waiting
      push 1, push 2                                            | waiting
      place E                                                   | waiting
      a joins, push 1, push 2                                   | observed
      a joins, b joins, push 1                                  | observed
      push 1, push 2, a joins                                   | waiting, observed, taken, taken
      push 1, take                                              | waiting, took 1
      push bad, take                                            | waiting, undecodable bad, took !bad
      place E, take                                             | waiting, took !E
      take                                                      | took nothing
      offers, push 1                                            | offered 1
      push 1, offers, push 2                                    | waiting
      a joins, offers, push 1                                   | observed
    `),
  )('$script → $calls', ({ script, calls }) => {
    const scene = new SubjectScene('encoded').run(listOf(script));
    expect(scene.calls).toEqual(listOf(calls));
  });

  it('leave an offered message to its taker', () => {
    expect(new SubjectScene().run(['offers', 'push 1']).takeRest()).toBe('');
  });
});

describe.each<Form>(['plain', 'encoded'])('BufferedSubject counts %s messages as delivered', (form) => {
  it.each(
    table<'script' | 'delivered'>(`
      script                            | delivered
      push 1                            | 0
      a joins, push 1, push 2           | 2
      push 1, push 2, a joins           | 2
      a joins, b joins, push 1          | 1
      a joins, when 1 do push 2, push 1 | 2
      push 1, take                      | 1
    `),
  )('$script: $delivered', ({ script, delivered }) => {
    const { counts } = new SubjectScene(form).run(listOf(script));
    expect(counts.delivered).toBe(Number(delivered));
  });
});

describe('BufferedSubject.takePlain()', () => {
  it.each(
    table<'script' | 'taken'>(`
      script                            | taken
      push 1                            | 1
      push 1, push 2                    | 1
                                        | nothing
      place E, push 1                   | nothing
      a joins, when 1 do push 2, push 1 | nothing
    `),
  )('after "$script": $taken', ({ script, taken }) => {
    const { subject, counts } = new SubjectScene().run(listOf(script));
    const before = counts.delivered;
    const message = subject.takePlain();
    expect(message?.data ?? 'nothing').toBe(taken);
    expect(counts.delivered - before).toBe(message ? 1 : 0);
  });

  it('leaves a message to the observer that is about to get it', () => {
    const { subject } = new SubjectScene();
    const taken: unknown[] = [];
    const observer = (subscriber: { next: (message: Message) => void }) =>
      subject.observe(subscriber as never);
    new Observable<Message>(observer).subscribe(({ data }) => {
      if (data !== '1') return;
      subject.push(raw('2'), true);
      taken.push(subject.takePlain());
    });
    subject.push(raw('1'), true);
    expect(taken).toEqual([undefined]);
  });
});

describe('BufferedSubject.observe()', () => {
  it('ignores an observer that has left already', () => {
    const scene = new SubjectScene();
    new Observable<Message>((subscriber) => {
      subscriber.unsubscribe();
      scene.subject.observe(subscriber);
    }).subscribe();
    expect(scene.calls).toEqual([]);
  });

  describe('lets the 257th observer of one turn wait, because it may stand on the stack of the others', () => {
    /** All steps happen in one turn, so that no microtask comes in between. */
    function afterManyObservers(): SubjectScene {
      const scene = new SubjectScene();
      for (let count = 1; count <= 256; count++)
        scene.run([`push ${count}`, `when ${count} do a leaves`, 'a joins']);
      scene.run(['push 257', 'b joins']);
      expect(scene.received).toHaveLength(256);
      return scene;
    }

    it('for a microtask', async () => {
      const scene = afterManyObservers();
      await new Promise((resolve) => setImmediate(resolve));
      expect(scene.received.slice(256)).toEqual(['b257']);
      scene.run(['b leaves', 'push 258', 'a joins']);
      expect(scene.received.slice(257)).toEqual(['a258']);
    });

    it('or for the next message, which comes behind the one that waits', () => {
      expect(afterManyObservers().run(['push 258']).received.slice(256)).toEqual(['b257', 'b258']);
    });

    it('unless there is nothing to get but the end', () => {
      const scene = new SubjectScene().run(['end now']);
      for (let count = 1; count <= 257; count++) scene.run(['a joins']);
      expect(scene.received).toHaveLength(257);
    });
  });
});
