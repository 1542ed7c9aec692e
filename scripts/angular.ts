import { serve } from '../examples/nest-dashboard/serve.js';
import { buildAngular } from './build-angular.js';

// Builds examples/angular, and serves it with the dashboard's stream on HOST and PORT, until Ctrl-C.

await serve(buildAngular());
