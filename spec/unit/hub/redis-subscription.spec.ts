import { listOf, table } from '../../support/table.js';
import { SubscriptionScene } from './subscription-scene.js';

/** The events that lead to each state; `a` and `b` want texts, `bytes` wants Buffers. */
const STATES: Record<string, string> = {
  off: '',
  subscribing: 'a joins',
  'subscribing for a, b': 'a joins, b joins',
  'subscribing, a left': 'a joins, a leaves',
  'subscribing, message': 'a joins, a message arrives',
  on: 'a joins, Redis replies',
  'on for a, b': 'a joins, b joins, Redis replies',
  'on, shared': 'a joins, Redis replies, other code listens',
  'on, a drains': 'a joins, Redis replies, other code listens, a drains',
  'on, b stays': 'a joins, b joins, Redis replies, a drains',
  unsubscribing: 'a joins, Redis replies, a leaves',
  'unsubscribing, b wants': 'a joins, Redis replies, a leaves, b joins',
  stranded: 'a joins, the command fails',
  'stranded, retried': 'a joins, the command fails, the pause ends',
  'stranded, back on': 'a joins, the command fails, the pause ends, Redis replies, recovery restarts',
  'left, stranded': 'a joins, Redis replies, a leaves, the command fails',
  'buffers begin': 'bytes joins',
  'buffers on': 'bytes joins, Redis replies',
  'buffers on for both': 'bytes joins, Redis replies, a joins',
  'buffers on for a': 'bytes joins, Redis replies, a joins, bytes leaves',
  'buffers off, a wants': 'bytes joins, Redis replies, bytes leaves, a joins',
  'text, then buffers': 'a joins, bytes joins',
  'to buffers': 'a joins, Redis replies, bytes joins',
  'to buffers, all left': 'a joins, Redis replies, bytes joins, a leaves, bytes leaves',
  'both modes': 'a joins, Redis replies, bytes joins, Redis replies',
  'both modes, all left': 'a joins, Redis replies, bytes joins, Redis replies, a leaves, bytes leaves',
  ended: 'a joins, Redis replies, client ends',
};

function scene(state: string): SubscriptionScene {
  const made = new SubscriptionScene();
  made.prepare(listOf(STATES[state]!));
  return made;
}

/** Each row: a state, an event, the state that follows, the commands that are sent, and the calls of the listeners. */
function rules(text: string): void {
  it.each(table<'given' | 'event' | 'next' | 'commands' | 'calls'>(text))(
    '$given: $event → $next',
    ({ given, event, next, commands, calls }) => {
      const subscription = scene(given);
      subscription.apply(event);
      expect({
        next: subscription.state,
        commands: subscription.commands.join(', '),
        calls: subscription.calls.join(', '),
      }).toEqual({ next, commands, calls });
    },
  );
}

describe('RedisSubscription', () => {
  describe('sends SUBSCRIBE for the first listener, and UNSUBSCRIBE after the last one', () => {
    rules(`
      given                | event             | next            | commands    | calls
      off                  | a joins           | subscribe       | subscribe   |
      subscribing          | b joins           | subscribe       |             |
      subscribing          | Redis replies     | on              |             | a: subscribed
      subscribing          | a message arrives | subscribe, live |             | a: subscribed
      subscribing, message | Redis replies     | on              |             | a: subscribed
      on                   | a joins           | on              |             | a: subscribed
      on                   | b joins           | on              |             | b: subscribed
      on                   | a message arrives | on              |             |
      on                   | b leaves          | on              |             |
      on for a, b          | a leaves          | on              |             | a: released
      on                   | a leaves          | unsubscribe     | unsubscribe |
      unsubscribing        | Redis replies     | off             | remove      | a: released
    `);
  });

  describe('has one operation in flight, and compares again after the reply', () => {
    rules(`
      given                  | event         | next        | commands    | calls
      subscribing            | a leaves      | subscribe   |             |
      subscribing, a left    | a joins       | subscribe   |             |
      subscribing, a left    | Redis replies | unsubscribe | unsubscribe |
      unsubscribing          | a joins       | unsubscribe |             | a: replaced
      unsubscribing          | b joins       | unsubscribe |             |
      unsubscribing, b wants | Redis replies | subscribe   | subscribe   | a: released
      unsubscribing, b wants | a joins       | unsubscribe |             | a: replaced
    `);
  });

  describe('keeps a draining listener until UNSUBSCRIBE or a fence is answered', () => {
    rules(`
      given                | event            | next        | commands    | calls
      on                   | a drains         | unsubscribe | unsubscribe |
      on for a, b          | a drains         | on          | fence       |
      on, b stays          | the fence passes | on          |             | a: released
      on, b stays          | b leaves         | on          |             |
      on, shared           | a drains         | on          | fence       |
      on, a drains         | the fence passes | unsubscribe | unsubscribe | a: released
      on, a drains         | b joins          | on          |             | b: subscribed
      subscribing          | a drains         | subscribe   |             |
      subscribing for a, b | a drains         | subscribe   |             | a: released
    `);
  });

  describe('believes a refusal, and asks again after any other failure', () => {
    rules(`
      given               | event             | next        | commands               | calls
      subscribing         | Redis refuses     | off         | forget, remove         | a: refused
      subscribing, a left | Redis refuses     | off         | forget, remove         | a: released
      subscribing         | the command fails | stranded    | retry after 0 failures |
      stranded            | the pause ends    | resubscribe | resubscribe            |
      stranded, retried   | the command fails | stranded    | retry after 1 failures |
      stranded, retried   | Redis replies     | on          |                        | a: subscribed
      stranded, back on   | the command fails | stranded    | retry after 0 failures |
      stranded            | Redis replies     | stranded    |                        |
      stranded            | a leaves          | unsubscribe | unsubscribe            |
      unsubscribing       | Redis refuses     | off         | forget, remove         | a: released
      unsubscribing       | the command fails | stranded    | retry after 0 failures |
      left, stranded      | the pause ends    | unsubscribe | unsubscribe            |
      left, stranded      | a joins           | resubscribe | resubscribe            |
    `);
  });

  describe('changes from text to buffers, with both modes in between', () => {
    rules(`
      given                | event             | next                    | commands               | calls
      off                  | bytes joins       | subscribe buffers       | subscribe buffers      |
      buffers begin        | Redis replies     | on                      |                        | bytes: subscribed
      buffers on           | a joins           | on                      |                        | a: subscribed
      buffers on           | bytes leaves      | unsubscribe buffers     | unsubscribe buffers    |
      buffers on for both  | bytes leaves      | on                      |                        | bytes: released
      buffers off, a wants | Redis replies     | subscribe               | subscribe              | bytes: released
      subscribing          | bytes joins       | subscribe               |                        |
      text, then buffers   | Redis replies     | subscribe buffers, live | subscribe buffers      | a: subscribed
      on                   | bytes joins       | subscribe buffers, live | subscribe buffers      |
      to buffers           | Redis replies     | unsubscribe, live       | unsubscribe            | a: subscribed, bytes: subscribed
      to buffers           | Redis refuses     | on                      |                        | bytes: refused
      to buffers           | the command fails | stranded                | retry after 0 failures |
      to buffers           | a message arrives | subscribe buffers, live |                        |
      to buffers, all left | Redis replies     | unsubscribe             | unsubscribe            |
      both modes           | Redis replies     | on                      |                        | a: subscribed, bytes: subscribed
      both modes           | Redis refuses     | on                      | forget                 | a: subscribed, bytes: subscribed
      both modes, all left | Redis replies     | unsubscribe buffers     | unsubscribe buffers    |
    `);
  });

  describe('does nothing once it has ended', () => {
    rules(`
      given               | event               | next | commands            | calls
      on for a, b         | client ends         | off  | forget, returns a b |
      subscribing, a left | client ends         | off  | forget, returns     | a: released
      on, b stays         | client ends         | off  | forget, returns b   | a: released
      ended               | a joins             | off  |                     |
      ended               | Redis replies       | off  |                     |
      ended               | recovery restarts   | off  |                     |
      ended               | resubscribe refused | off  |                     |
    `);
  });

  describe('delivers, by its state, messages of one mode to some of its listeners', () => {
    it.each(
      table<'given' | 'counted' | 'receivers' | 'fastPath'>(`
        given                  | counted | receivers | fastPath
        off                    | nothing |           | closed
        subscribing            | text    | a         | closed
        on                     | text    | a         | open
        on for a, b            | text    | a, b      | closed
        on, b stays            | text    | b, a      | closed
        unsubscribing          | text    | a         | closed
        unsubscribing, b wants | text    | a         | closed
        stranded               | text    | a         | closed
        to buffers             | text    | a         | closed
        both modes             | buffers | a, bytes  | closed
        buffers begin          | buffers | bytes     | closed
        buffers on for a       | buffers | a         | closed
        buffers on             | buffers | bytes     | closed
        ended                  | nothing |           | closed
      `),
    )('$given: counts $counted, received by "$receivers", fast path $fastPath', (row) => {
      const subscription = scene(row.given);
      expect(subscription.counted).toBe(row.counted);
      expect(subscription.takesFastPath).toBe(row.fastPath === 'open');
      expect(subscription.receivers).toEqual(listOf(row.receivers));
    });
  });

  describe('reports refusals and outages', () => {
    it.each(
      table<'given' | 'event' | 'reports'>(`
        given       | event             | reports
        subscribing | Redis replies     | not refused, a served
        subscribing | a message arrives | a served
        subscribing | Redis refuses     | refused, a gone
        subscribing | the command fails |
        on          | a leaves          | a gone
        on          | b leaves          |
        to buffers  | Redis replies     | not refused, a served, bytes served
        to buffers  | Redis refuses     | refused, bytes gone
        both modes  | Redis replies     | a served, bytes served
      `),
    )('$given: $event → $reports', ({ given, event, reports }) => {
      const subscription = scene(given);
      subscription.apply(event);
      expect(subscription.reports).toEqual(listOf(reports));
    });
  });
});
