import 'reflect-metadata';
import * as common from '@nestjs/common';
import * as core from '@nestjs/core';
import { createClient } from 'redis';
import * as nestModule from 'rx-redis-receiver/nestjs/module';
import nestModuleApp from './nest-module-app.cjs';

await nestModuleApp({ common, core, nestModule, createClient });
