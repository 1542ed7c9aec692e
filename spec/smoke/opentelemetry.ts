import { metrics, type Link } from '@opentelemetry/api';
import { json, Receiver } from 'rx-redis-receiver';
import { instrument, traced, traceLinks } from 'rx-redis-receiver/opentelemetry';
import { MemoryPubSub } from 'rx-redis-receiver/testing';

const receiver = new Receiver(new MemoryPubSub(), { codec: traced(json<{ readonly id: number }>()) });
export const remove: () => void = instrument(receiver, metrics.getMeter('shop'), { name: 'orders' });
export const links: Link[] = traceLinks({ data: { id: 7 } });
