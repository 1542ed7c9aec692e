import type { ChannelKind, SubscriptionKind } from '../../../lib/channel-kind.js';

/** A channel, pattern or sharded channel to subscribe to. */
export interface Subject {
  readonly kind: SubscriptionKind;
  readonly name: string;
}

/** A subject, or a Channel of it. */
interface AnySubject {
  readonly kind: ChannelKind;
  readonly name: string;
}

/** A channel to publish to, by PUBLISH or by SPUBLISH. */
export interface Target {
  readonly kind: 'channel' | 'shard';
  readonly name: string;
}

export const SUBJECTS: readonly Subject[] = [
  { kind: 'channel', name: 'a' },
  { kind: 'channel', name: 'b' },
  { kind: 'channel', name: '' },
  { kind: 'pattern', name: 'a*' },
  { kind: 'pattern', name: '[ab]' },
  { kind: 'shard', name: 'a' },
  { kind: 'shard', name: 's' },
];

export const TARGETS: readonly Target[] = [
  { kind: 'channel', name: 'a' },
  { kind: 'channel', name: 'b' },
  { kind: 'channel', name: '' },
  { kind: 'shard', name: 'a' },
  { kind: 'shard', name: 's' },
];

const GLOBS: Readonly<Record<string, RegExp>> = { 'a*': /^a/, '[ab]': /^[ab]$/ };

export function matches(subject: AnySubject, target: Target): boolean {
  if (subject.kind !== 'pattern') return subject.kind === target.kind && subject.name === target.name;
  return target.kind === 'channel' && GLOBS[subject.name]!.test(target.name);
}

export function keyOf({ kind, name }: AnySubject): string {
  return `${kind} ${JSON.stringify(name)}`;
}
