import 'reflect-metadata';
import * as common from '@nestjs/common';
import * as core from '@nestjs/core';
import * as microservices from '@nestjs/microservices';
import { createClient } from 'redis';
import * as nestjs from 'rx-redis-receiver/nestjs';
import nestApp from './nest-app.cjs';

await nestApp({ common, core, microservices, nestjs, createClient });
