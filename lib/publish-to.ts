import { defer, NEVER, Observable, type OperatorFunction, type Subscriber } from 'rxjs';
import type { Publisher } from './client.js';
import { assertCodec, text, type Codec } from './codec.js';
import { invalidArgument } from './invalid-argument.js';
import { mergeMapBounded } from './merge-map-bounded.js';
