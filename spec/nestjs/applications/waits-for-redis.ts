import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { ReceiverModule, ReceiverStrategy } from 'rx-redis-receiver/nestjs';

// An application whose module or transport waits for a missing Redis.

const redis = process.env.REDIS_URL;
const imports = process.env.WAITING === 'ReceiverModule' ? [ReceiverModule.forRoot({ redis })] : [];

@Module({ imports })
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
app.enableShutdownHooks();
app.connectMicroservice<MicroserviceOptions>({ strategy: new ReceiverStrategy({ redis }) });
await app.startAllMicroservices();
