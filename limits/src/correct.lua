-- Counts one call of a window as more or less than it took.
-- KEYS: the window's log and sum. ARGV: period in ms, what was taken, what it should have been.
-- Less is given back from the oldest entries on: what is left counts no shorter than it should, so that no stretch of
-- time ever admits more than the limit. More counts from now on.

local log, sum = KEYS[1], KEYS[2]
local period, taken, right = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local total = tonumber(redis.call('GET', sum) or '0')

local function parse(entry)
  local at, cost = string.match(entry, '^(%d+):(%d+)$')
  return tonumber(at), tonumber(cost)
end

local function whole(number)
  return string.format('%.0f', number)
end

local last = redis.call('LINDEX', log, -1)
if last then now = math.max(now, (parse(last))) end

if right > taken then
  local more, at, cost = right - taken, 0, 0
  if last then at, cost = parse(last) end
  if at == now then
    redis.call('LSET', log, -1, whole(now) .. ':' .. whole(cost + more))
  else
    redis.call('RPUSH', log, whole(now) .. ':' .. whole(more))
  end
  redis.call('SET', sum, whole(total + more), 'PX', whole(period + 1000))
  redis.call('PEXPIRE', log, whole(period + 1000))
  return 1
end

local less = taken - right
local head = redis.call('LINDEX', log, 0)
while head do
  local at, cost = parse(head)
  local lapsed = at + period < now
  if not lapsed and less == 0 then break end
  local part = lapsed and cost or math.min(cost, less)
  total = total - part
  if not lapsed then less = less - part end
  if part == cost then
    redis.call('LPOP', log)
  else
    redis.call('LSET', log, 0, whole(at) .. ':' .. whole(cost - part))
  end
  head = redis.call('LINDEX', log, 0)
end
if head then
  redis.call('SET', sum, whole(total), 'KEEPTTL')
else
  redis.call('DEL', log, sum)
end
return 1
