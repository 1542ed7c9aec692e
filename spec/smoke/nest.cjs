require('reflect-metadata');
const common = require('@nestjs/common');
const core = require('@nestjs/core');
const microservices = require('@nestjs/microservices');
const { createClient } = require('redis');
const nestjs = require('rx-redis-receiver/nestjs');
const nestApp = require('./nest-app.cjs');

void nestApp({ common, core, microservices, nestjs, createClient });
