-- Counts one call of a window as more or less than it took. Follows windows.lua.
-- KEYS: the window's log and sum. ARGV: period in ms, what was taken, what it should have been.
-- Less is given back from the oldest entries on: what is left counts no shorter than it should, so that no stretch of
-- time ever admits more than the limit. More counts from now on.

local log, sum = KEYS[1], KEYS[2]
local period, taken, right = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local now = clock({ log })
local total = measure(log, sum, period, now)

if right > taken then
  add(log, sum, total, period, right - taken, now)
  return 1
end

local less = taken - right
local head = redis.call('LINDEX', log, 0)
while head and less > 0 do
  local at, cost = parse(head)
  local part = math.min(cost, less)
  total, less = total - part, less - part
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
