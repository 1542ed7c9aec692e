import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  Ctx,
  EventPattern,
  Payload,
  Transport,
  type MicroserviceOptions,
  type RedisContext,
} from '@nestjs/microservices';
import { ReceiverStrategy } from 'rx-redis-receiver/nestjs';
import { openClient } from './client.js';

type OnEvent = (channel: string, data: string) => void;

/** Function that serves the events of all channels. Resolves when it serves them. */
export type WayToServe = (
  url: string,
  prefix: string,
  names: readonly string[],
  onEvent: OnEvent,
) => Promise<unknown>;

export const WAYS_TO_SERVE: Readonly<Record<string, WayToServe>> = {
  async bare(url, _prefix, names, onEvent) {
    const client = await openClient(url);
    await client.subscribe([...names], (text, channel) => {
      const { data } = JSON.parse(text) as { data: string };
      onEvent(channel, data);
    });
  },

  async own(url, _prefix, names, onEvent) {
    const { hostname, port } = new URL(url);
    const options = { host: hostname, port: Number(port) };
    await serve({ transport: Transport.REDIS, options }, names, onEvent);
    // Nest's own transport does not wait for the acknowledgements: wait until Redis counts a subscriber of the last channel.
    const client = await openClient(url);
    while ((await client.pubSubNumSub([...names]))[names.at(-1) as string] !== 1);
    client.destroy();
  },

  async ownPattern(url, prefix, _names, onEvent) {
    const { hostname, port } = new URL(url);
    const options = { host: hostname, port: Number(port), wildcards: true };
    const client = await openClient(url);
    const before = await client.pubSubNumPat();
    await serve({ transport: Transport.REDIS, options }, [`${prefix}*`], onEvent);
    while ((await client.pubSubNumPat()) === before);
    client.destroy();
  },

  strategy: (url, _prefix, names, onEvent) =>
    serve({ strategy: new ReceiverStrategy({ redis: url }) }, names, onEvent),

  strategyPattern: (url, prefix, _names, onEvent) =>
    serve({ strategy: new ReceiverStrategy({ redis: url }) }, [`${prefix}*`], onEvent),
};

async function serve(
  options: MicroserviceOptions,
  patterns: readonly string[],
  onEvent: OnEvent,
): Promise<void> {
  class Events {
    handle(data: string, context: RedisContext): void {
      onEvent(context.getChannel(), data);
    }
  }
  const { prototype } = Events;
  // Call the decorators as functions: this file is transpiled on its own.
  EventPattern([...patterns])(prototype, 'handle', Object.getOwnPropertyDescriptor(prototype, 'handle')!);
  Payload()(prototype, 'handle', 0);
  Ctx()(prototype, 'handle', 1);
  Controller()(Events);
  class AppModule {}
  Module({ controllers: [Events] })(AppModule);
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(AppModule, {
    ...options,
    logger: false,
  });
  await app.listen();
}
