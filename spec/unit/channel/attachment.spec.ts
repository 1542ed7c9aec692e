import { SubscribeError } from '../../../lib/errors/errors.js';
import { listOf, table } from '../../support/table.js';
import { AttachmentScene, CAUSE } from './attachment-scene.js';

/** The steps that lead to each state; `once served`: Redis has acknowledged the subscription before. */
const STATES: Record<string, string> = {
  off: '',
  attached: 'wanted',
  served: 'wanted, acknowledged',
  'once served': 'wanted, acknowledged, interrupted',
  leaving: 'wanted, unwanted',
  back: 'wanted, unwanted, wanted',
  'leaving, once served': 'wanted, acknowledged, unwanted',
  'back, once served': 'wanted, acknowledged, unwanted, wanted',
};

/** Each row: a state, a step, the state that follows, and the calls. */
function rules(text: string): void {
  it.each(table<'given' | 'step' | 'next' | 'log'>(text))(
    '$given: $step → $next',
    async ({ given, step, next, log }) => {
      const scene = await new AttachmentScene().begin(listOf(STATES[given] ?? given));
      await scene.run([step]);
      expect({ next: scene.state, log: scene.log.join(', ') }).toEqual({ next, log });
    },
  );
}
/** Each row: a script, and all its calls. */
function scripts(text: string): void {
  it.each(table<'script' | 'log'>(text))('$script → $log', async ({ script, log }) => {
    const scene = await new AttachmentScene().run(listOf(script));
    expect(scene.log.join(', ')).toBe(log);
  });
}

describe('Attachment', () => {
  describe('attaches its core while that is wanted', () => {
    rules(`
      given                | step   | next             | log
      off                  | wanted | attached         | watch, attach
      attached             | wanted | attached         | update
      served               | wanted | attached, served | update
      once served          | wanted | attached         | update
      leaving              | wanted | attached         | attach
      leaving, once served | wanted | attached         | attach
    `);
  });

  describe('detaches its core while that is not wanted', () => {
    rules(`
      given       | step     | next    | log
      off         | unwanted | off     |
      attached    | unwanted | leaving | detach at-once
      served      | unwanted | leaving | detach at-once
      once served | unwanted | leaving | detach at-once
      leaving     | unwanted | leaving |
      off         | drains   | off     |
      attached    | drains   | leaving | detach draining
      served      | drains   | leaving | detach draining
      leaving     | drains   | leaving |
    `);
  });

  describe('reports an acknowledgement once, and as an event unless Redis has acknowledged the subscription before', () => {
    rules(`
      given                | step         | next             | log
      off                  | acknowledged | off              |
      attached             | acknowledged | attached, served | subscribed, <subscribed>
      served               | acknowledged | attached, served |
      once served          | acknowledged | attached, served | subscribed
      leaving              | acknowledged | leaving          |
      leaving, once served | acknowledged | leaving          |
      back                 | acknowledged | attached, served | subscribed, <subscribed>
      back, once served    | acknowledged | attached, served | subscribed
    `);
  });

  describe('reports an interruption once', () => {
    rules(`
      given                | step        | next     | log
      off                  | interrupted | off      |
      attached             | interrupted | attached |
      served               | interrupted | attached | interrupted
      once served          | interrupted | attached |
      leaving, once served | interrupted | leaving  |
      back, once served    | interrupted | attached |
    `);
  });

  describe('reports the end of a subscription whose place another one has taken', () => {
    rules(`
      given                | step     | next     | log
      off                  | replaced | off      |
      attached             | replaced | attached |
      back, once served    | replaced | attached | <unsubscribed>
      once served          | replaced | attached | <unsubscribed>
      served               | replaced | attached | <unsubscribed>
      leaving, once served | replaced | leaving  |
    `);
    scripts(`
      script                                                                   | log
      wanted, acknowledged, unwanted, wanted, replaced, replaced, acknowledged | watch, attach, subscribed, <subscribed>, detach at-once, attach, <unsubscribed>, subscribed, <subscribed>
    `);
  });

  describe('is off once its subscription has released it', () => {
    rules(`
      given                | step        | next             | log
      off                  | released    | off              |
      attached             | released    | attached         |
      served               | released    | attached, served |
      once served          | released    | attached         |
      leaving              | released    | off              | unwatch, released
      leaving, once served | released    | off              | unwatch, <unsubscribed>, released
      back, once served    | released    | attached         |
      off                  | ended       | off              | released
      attached             | ended       | off              | unwatch, released
      served               | ended       | off              | unwatch, released
      leaving, once served | ended       | off              | unwatch, released
      off                  | ended, told | off              | <unsubscribed>, released
      served               | ended, told | off              | unwatch, <unsubscribed>, released
    `);
    scripts(`
      script                                            | log
      wanted, unwanted, released, wanted                | watch, attach, detach at-once, unwatch, released, watch, attach
      wanted, acknowledged, ended, wanted, acknowledged | watch, attach, subscribed, <subscribed>, unwatch, released, watch, attach, subscribed, <subscribed>
    `);
  });

  describe('has its core refused if Redis refuses the name, or the client is not open', () => {
    rules(`
      given                        | step    | next     | log
      attached                     | refused | attached | refuse
      hub closed                   | wanted  | off      | refuse
      wanted, hub closed           | wanted  | attached | update
      wanted, unwanted, hub closed | wanted  | leaving  | refuse
      hub closed, hub open         | wanted  | attached | watch, attach
    `);

    it.each(
      table<'script' | 'message'>(`
        script             | message
        wanted, refused    | Could not subscribe to the pattern "n*": Redis refused: NOPERM. Fix the cause, and subscribe again.
        hub closed, wanted | Could not subscribe to the pattern "n*": the client is not open. Await client.connect() before, or use Receiver.open().
        hub closed, asks   | Could not subscribe to the pattern "n*": the client is not open. Await client.connect() before, or use Receiver.open().
      `),
    )('$script: $message', async ({ script, message }) => {
      const { errors } = await new AttachmentScene().run(listOf(script));
      expect(errors).toHaveLength(1);
      expect(errors[0]).toBeInstanceOf(SubscribeError);
      expect(errors[0]).toMatchObject({ message, kind: 'pattern', channel: 'n*' });
      expect(errors[0]!.cause).toBe(script.includes('refused') ? CAUSE : undefined);
    });
  });
});

describe('Attachment: waiters', () => {
  describe('for the acknowledgement are called once, before the event', () => {
    scripts(`
      script                                                            | log
      waits, wanted, acknowledged                                       | watch, attach, resolved, subscribed, <subscribed>
      wanted, waits, waits too, acknowledged, interrupted, acknowledged | watch, attach, resolved, resolved too, subscribed, <subscribed>, interrupted, subscribed
      wanted, acknowledged, waits, interrupted, acknowledged            | watch, attach, subscribed, <subscribed>, interrupted, resolved, subscribed
      waits, waits too, waiters rejected, wanted, acknowledged          | rejected, rejected too, watch, attach, subscribed, <subscribed>
      waits, wanted, unwanted, released                                 | watch, attach, detach at-once, unwatch, released
      waiters rejected                                                  |
    `);
  });

  describe('for the release are called once, after everybody else', () => {
    scripts(`
      script                                                     | log
      asks for release                                           | free
      wanted, asks for release                                   | watch, attach
      wanted, unwanted, asks for release, released               | watch, attach, detach at-once, unwatch, released, free
      wanted, acknowledged, asks for release, unwanted, released | watch, attach, subscribed, <subscribed>, detach at-once, unwatch, <unsubscribed>, released, free
      wanted, asks for release, asks for release, ended, ended   | watch, attach, unwatch, released, free, free, released
    `);
  });
});

describe('Attachment.whenServed()', () => {
  scripts(`
    script                                                 | log
    asks                                                   |
    asks, wanted, acknowledged                             | watch, attach, subscribed, <subscribed>, resolved
    wanted, acknowledged, asks                             | watch, attach, subscribed, <subscribed>, verify, resolved
    wanted, asks                                           | watch, attach
    wanted, asks, waiters rejected                         | watch, attach, rejected
    wanted, acknowledged, when verify do interrupted, asks | watch, attach, subscribed, <subscribed>, verify, interrupted
    wanted, acknowledged, interrupted, asks, acknowledged  | watch, attach, subscribed, <subscribed>, interrupted, subscribed, resolved
    wanted, unwanted, asks                                 | watch, attach, detach at-once
    hub closed, asks                                       | rejected
    wanted, hub closed, asks                               | watch, attach
    wanted, refused, given up, asks                        | watch, attach, refuse, unwatch, released, rejected
    wanted, refused, given up, wanted, asks                | watch, attach, refuse, unwatch, released, watch, attach
    wanted, refused, given up, ended, asks                 | watch, attach, refuse, unwatch, released, released
  `);

  it('rejects with the refusal', async () => {
    const { errors } = await new AttachmentScene().run([
      'wanted',
      'refused',
      'given up',
      'hub closed',
      'asks',
    ]);
    expect(errors).toHaveLength(2);
    expect(errors[1]).toBe(errors[0]);
  });
});

describe('Attachment.obstacle', () => {
  it.each(
    table<'script' | 'obstacle'>(`
      script                       | obstacle
                                   | no
      hub closed                   | yes
      hub closed, hub open         | no
      wanted, hub closed           | no
      wanted, unwanted, hub closed | no
      wanted, hub closed, ended    | yes
      wanted, refused, given up    | no
    `),
  )('$script → $obstacle', async ({ script, obstacle }) => {
    const { attachment } = await new AttachmentScene().run(listOf(script));
    expect(attachment.obstacle instanceof SubscribeError).toBe(obstacle === 'yes');
  });
});

describe('Attachment: a change inside a call', () => {
  scripts(`
    script                                                                  | log
    when watch do look, when attach do look, wanted                         | watch, is off, attach, is attached
    when attach do acknowledged, wanted                                     | watch, attach, subscribed, <subscribed>
    wanted, when detach at-once do look, unwanted                           | watch, attach, detach at-once, is leaving
    wanted, when detach at-once do released, unwanted                       | watch, attach, detach at-once, unwatch, released
    waits, wanted, when resolved do look, acknowledged                      | watch, attach, resolved, is attached, served, subscribed, <subscribed>
    waits, wanted, when resolved do waits too, acknowledged                 | watch, attach, resolved, subscribed, <subscribed>
    wanted, when <subscribed> do unwanted, acknowledged                    | watch, attach, subscribed, <subscribed>, detach at-once
    wanted, acknowledged, when interrupted do look, interrupted             | watch, attach, subscribed, <subscribed>, interrupted, is attached
    wanted, acknowledged, when <unsubscribed> do look, replaced             | watch, attach, subscribed, <subscribed>, <unsubscribed>, is attached
    wanted, when unwatch do look, ended                                     | watch, attach, unwatch, is off, released
    wanted, acknowledged, unwanted, when <unsubscribed> do look, released   | watch, attach, subscribed, <subscribed>, detach at-once, unwatch, <unsubscribed>, is off, released
    wanted, acknowledged, unwanted, when <unsubscribed> do wanted, released | watch, attach, subscribed, <subscribed>, detach at-once, unwatch, <unsubscribed>, watch, attach, released
    wanted, asks for release, when free do asks for release, ended          | watch, attach, unwatch, released, free, free
    wanted, asks for release, when free do wanted, ended                    | watch, attach, unwatch, released, free, watch, attach
  `);

  it('does not report an interruption inside the event before the acknowledgement', async () => {
    const { log } = await new AttachmentScene().run([
      'wanted',
      'when <subscribed> do interrupted',
      'acknowledged',
    ]);
    expect(log.at(-1)).toBe('interrupted');
  });
});
