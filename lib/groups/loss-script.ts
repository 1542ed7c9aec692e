/** The number of entries that the script counts one by one, where Redis does not count them. */
const MOST_COUNTED = 1_000;

/**
 * Counts the entries that a group has lost: those that were removed before any consumer had received them. Returns a number for
 * each stream, or -1 if it is unknown. The same loss is returned only once, to whichever consumer asks first.
 *
 * `KEYS` are the streams. The arguments: the group; 1 for a thorough look, also where the stream still has entries that the group
 * has received, so that nothing behind these can have been trimmed; and for each stream an id, or nothing. With an id, an earlier
 * reply was lost with its connection: a loss behind this id may have been in it, and is returned again, as unknown.
 *
 * Lost are the entries that were ever added, without those that the group has read (`entries-read`), and without those that it
 * has yet to read. The latter are all entries of the stream, if its first one is behind the last delivered one; none, if its last
 * one is not; and otherwise they are counted. The script then notes the lost ones as read. Redis 7.0 does not count what it has
 * passed over unseen, so that a thorough look finds it later; newer servers do.
 *
 * `entries-read` is unknown in a new group that begins at an id, and while the group reads towards a deleted entry. What was removed
 * before a group without any delivery began is not lost.
 */
export const LOSS_SCRIPT = `
local group, isThorough = ARGV[1], ARGV[2] == '1'
local function object(list)
  local fields = {}
  for i = 1, #list, 2 do fields[list[i]] = list[i + 1] end
  return fields
end
local function isUpTo(a, b)
  local ams, aseq = string.match(a, '(%d+)-(%d+)')
  local bms, bseq = string.match(b, '(%d+)-(%d+)')
  if ams == bms then ams, bms = aseq, bseq end
  if #ams ~= #bms then return #ams < #bms end
  return ams <= bms
end
local function groupOf(key)
  local groups = redis.pcall('XINFO', 'GROUPS', key)
  if groups.err then return nil end
  for _, list in ipairs(groups) do
    local found = object(list)
    if found.name == group then return found end
  end
end
local function lost(key, since)
  local found = groupOf(key)
  if not found or found['entries-read'] == nil then return 0 end
  local at, read, lag = found['last-delivered-id'], found['entries-read'], found.lag
  if not isThorough and read and lag and lag < redis.call('XLEN', key) then return 0 end
  local stream = object(redis.call('XINFO', 'STREAM', key))
  local added, length, deleted = stream['entries-added'], stream.length, stream['max-deleted-entry-id']
  local function isFirstBehind(id)
    return length == 0 or not isUpTo(stream['first-entry'][1], id)
  end
  local isUnsure = since ~= '' and added > length and isFirstBehind(since)
  local none = isUnsure and -1 or 0
  local unread
  if isFirstBehind(at) then unread = length
  elseif isUpTo(stream['last-entry'][1], at) then unread = 0
  elseif read and isUpTo(deleted, at) then return none
  elseif (read and added - read or length) <= ${MOST_COUNTED} then
    unread = #redis.call('XRANGE', key, '(' .. at, '+')
  elseif not read then return none
  end
  local now = unread and added - unread or -1
  if now == read then return none end
  redis.call('XGROUP', 'SETID', key, group, at, 'ENTRIESREAD', now)
  if not unread or isUnsure then return -1 end
  if read then return math.max(0, now - read) end
  local isNew = at == '0-0' or at == stream['last-generated-id'] or now == 0
  return (isNew or unread < length) and 0 or -1
end
local counts = {}
for i, key in ipairs(KEYS) do counts[i] = lost(key, ARGV[i + 2]) end
return counts
`;
