import { metrics } from '@opentelemetry/api';
import { json, Receiver } from 'rx-redis-receiver';
import { instrument, traced, traceLinks } from 'rx-redis-receiver/opentelemetry';
import useOpentelemetry from './use-opentelemetry.cjs';

useOpentelemetry({ metrics, json, instrument, traced, traceLinks, Receiver });
