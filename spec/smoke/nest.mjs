import assert from 'node:assert/strict';
import 'reflect-metadata';
import * as common from '@nestjs/common';
import * as core from '@nestjs/core';
import * as microservices from '@nestjs/microservices';
import { createClient } from 'redis';
import * as nestjs from 'rx-redis-receiver/nestjs';
import { ReceiverStrategy } from 'rx-redis-receiver/nestjs/microservice';
import { ReceiverModule } from 'rx-redis-receiver/nestjs/module';
import nestApp from './nest-app.cjs';

assert.equal(ReceiverModule, nestjs.ReceiverModule);
assert.equal(ReceiverStrategy, nestjs.ReceiverStrategy);
await nestApp({ common, core, microservices, nestjs, createClient });
