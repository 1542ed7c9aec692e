import type { createClient } from 'redis';

/**
 * Returns whether the server counts what a group has passed over as read, as Redis 8 and Valkey 8.1 do: a loss that one read
 * passes over is then not found later.
 */
export async function recountsGroups(
  admin: Pick<ReturnType<typeof createClient>, 'sendCommand'>,
): Promise<boolean> {
  const key = 'recounts-groups';
  await admin.sendCommand(['XADD', key, '1-0', 'n', '1']);
  await admin.sendCommand(['XGROUP', 'CREATE', key, 'group', '0', 'ENTRIESREAD', '0']);
  await admin.sendCommand(['XADD', key, '2-0', 'n', '2']);
  await admin.sendCommand(['XTRIM', key, 'MAXLEN', '1']);
  await admin.sendCommand(['XREADGROUP', 'GROUP', 'group', 'one', 'STREAMS', key, '>']);
  const read = await admin.sendCommand(['EVAL', READ, '1', key]);
  await admin.sendCommand(['DEL', key]);
  return Number(read) === 2;
}

const READ = `local group = redis.call('XINFO', 'GROUPS', KEYS[1])[1]
for i = 1, #group, 2 do if group[i] == 'entries-read' then return group[i + 1] end end`;
