import { ENVELOPE_MARK } from './envelope.js';

/** The fields of an entry of a log. */
export const PAYLOAD_FIELD = 'd';
export const NONCE_FIELD = 'n';

/**
 * Appends a message to a log and publishes it, in one step, so that the order of the log is the order of the channel. Returns
 * the id, and the number of subscribers that Redis has counted.
 *
 * `KEYS[1]` is the log. The arguments: PUBLISH or SPUBLISH; the channel; the payload; the nonce; the number of messages that
 * the log keeps; the milliseconds after which an idle log is deleted, or 0; the epoch and the number of the last message
 * that the publisher knows, or 0 and 0.
 *
 * A log that has lost messages which the publisher knows, because a replica without them has become the master, gets a new
 * epoch: no id stands for two messages of one publisher. So does a log that was deleted, whatever the clock says, and one that
 * was created anew with an older epoch. After a loss, the epoch begins with the number 2: its followers see the loss as a
 * hole. The epoch of a log that does not exist begins with 1, because a log that was idle for long is deleted without a loss.
 *
 * Redis keeps the writes of a script that fails: the permission to publish is checked before the first one.
 */
export const APPEND_SCRIPT = `
local log, verb, channel, payload, nonce = KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local keep, keepFor, epoch, number = ARGV[5], tonumber(ARGV[6]), ARGV[7], tonumber(ARGV[8])
local function add(id)
  return redis.pcall('XADD', log, 'NOMKSTREAM', 'MAXLEN', '~', keep, id, '${PAYLOAD_FIELD}', payload, '${NONCE_FIELD}', nonce)
end
local function addFirst(first)
  local now = redis.call('TIME')
  local fresh = math.max(now[1] * 1000 + math.floor(now[2] / 1000), tonumber(epoch) + 1)
  return redis.pcall('XADD', log, string.format('%.0f-%d', fresh, first), '${PAYLOAD_FIELD}', payload, '${NONCE_FIELD}', nonce)
end
local function lastEpoch()
  if redis.call('EXISTS', log) == 0 then return '0' end
  local info = redis.pcall('XINFO', 'STREAM', log)
  if info.err then return info end
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then return string.match(info[i + 1], '^%d+') end
  end
end
local function numberOf(id)
  return tonumber(string.match(id, '%-(%d+)$'))
end
if not redis.acl_check_cmd(verb, channel, '') then
  return redis.error_reply('NOPERM this user has no permissions to access one of the channels used as arguments')
end
local id
if epoch ~= '0' then id = add(epoch .. '-*') end
local isStale = type(id) == 'table' and string.find(id.err, 'equal or smaller', 1, true)
if type(id) == 'table' and not isStale then return id end
if type(id) == 'string' and numberOf(id) <= number then
  redis.call('XDEL', log, id)
  id = addFirst(2)
elseif type(id) ~= 'string' then
  local last = lastEpoch()
  if type(last) == 'table' then return last end
  if last == '0' then id = addFirst(1) else id = add(last .. '-*') end
end
if type(id) == 'table' then return id end
if keepFor > 0 then redis.call('PEXPIRE', log, keepFor) end
return {id, redis.call(verb, channel, '${ENVELOPE_MARK.replace('\0', '\\0')}' .. id .. ' ' .. nonce .. '\\n' .. payload)}
`;
