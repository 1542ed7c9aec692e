const assert = require('node:assert/strict');
require('reflect-metadata');
const common = require('@nestjs/common');
const core = require('@nestjs/core');
const microservices = require('@nestjs/microservices');
const { createClient } = require('redis');
const nestjs = require('rx-redis-receiver/nestjs');
const { ReceiverModule } = require('rx-redis-receiver/nestjs/module');
const { ReceiverStrategy } = require('rx-redis-receiver/nestjs/microservice');
const nestApp = require('./nest-app.cjs');

assert.equal(ReceiverModule, nestjs.ReceiverModule);
assert.equal(ReceiverStrategy, nestjs.ReceiverStrategy);
void nestApp({ common, core, microservices, nestjs, createClient });
