// The channels of a shop with chat rooms. Its services, publishers and tests take their types from this declaration.

import { json, topics } from 'rx-redis-receiver';
import { z } from 'zod';

const Order = z.object({ customer: z.string(), total: z.number().positive() });
const Line = z.object({ from: z.string(), text: z.string() });

export const events = topics({
  'order:{id}:{event}': {
    data: Order,
    params: { id: z.coerce.number().int(), event: z.enum(['placed', 'paid', 'sent']) },
  },
  'room:{room}': Line,
  'presence:{user}': json<{ online: boolean }>(),
});
