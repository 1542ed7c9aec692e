require('reflect-metadata');
const common = require('@nestjs/common');
const core = require('@nestjs/core');
const { createClient } = require('redis');
const nestModule = require('rx-redis-receiver/nestjs/module');
const nestModuleApp = require('./nest-module-app.cjs');

void nestModuleApp({ common, core, nestModule, createClient });
