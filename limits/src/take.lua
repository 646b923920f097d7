-- Takes a place and room in all windows of a key, or nothing; who was refused keeps its turn in line. Follows windows.lua.
-- KEYS: holders (as in lease.lua), the line (who waits, since when), who looked when; then for each rule its log and sum.
-- ARGV: places ('' is any number), holder, ttl in ms, who waits ('' is a newcomer), for how many ms a look counts,
-- 'take', or 'record' to count a call that goes anyway; then for each rule limit, period in ms, cost.
-- Answers {1}, or {0, 'places' 0 | 'window' 1 | 'turn' 2, rule, retry_ms}.

local holders, line, looks = KEYS[1], KEYS[2], KEYS[3]
local places, holder, who, fresh = tonumber(ARGV[1]), ARGV[2], ARGV[4], tonumber(ARGV[5])
local rules, logs = (#KEYS - 3) / 2, {}
for i = 1, rules do logs[i] = KEYS[2 * i + 2] end
local now = clock(logs)

local function rule(i)
  return KEYS[2 * i + 2], KEYS[2 * i + 3], tonumber(ARGV[3 * i + 4]), tonumber(ARGV[3 * i + 5]), tonumber(ARGV[3 * i + 6])
end

local totals, longest, limiting, room = {}, 0, nil, math.huge
for i = 1, rules do
  local log, sum, limit, period, cost = rule(i)
  totals[i] = measure(log, sum, period, now)
  local ms = wait(log, totals[i], limit, period, cost, now)
  if ms > longest then longest, limiting = ms, i - 1 end
  if cost > 0 then room = math.min(room, math.floor((limit - totals[i]) / cost)) end
end

local function count_all()
  for i = 1, rules do
    local log, sum, _, period, cost = rule(i)
    add(log, sum, totals[i], period, cost, now)
  end
end

if ARGV[6] == 'record' then
  count_all()
  return { 1 }
end

local function refused(why, which, ms)
  if who ~= '' then
    redis.call('ZADD', line, 'NX', whole(now), who)
    redis.call('ZADD', looks, whole(now), who)
    redis.call('PEXPIRE', line, whole(2 * fresh))
    redis.call('PEXPIRE', looks, whole(2 * fresh))
  end
  return { 0, why, which, ms }
end

if places then
  redis.call('ZREMRANGEBYSCORE', holders, '-inf', whole(now))
  if not redis.call('ZSCORE', holders, holder) then
    local free = places - redis.call('ZCARD', holders)
    if free <= 0 then return refused(0, 0, 0) end
    room = math.min(room, free)
  end
end
if limiting then return refused(1, limiting, longest) end

-- Those who wait longer come first, as long as they still look.
local ahead = 0
for _, other in ipairs(redis.call('ZRANGE', line, 0, -1)) do
  if other == who then break end
  local look = tonumber(redis.call('ZSCORE', looks, other) or '0')
  if look + fresh < now then
    redis.call('ZREM', line, other)
    redis.call('ZREM', looks, other)
  else
    ahead = ahead + 1
  end
end
if ahead > 0 and room <= ahead then return refused(2, 0, 0) end

if places then
  redis.call('ZADD', holders, whole(now + tonumber(ARGV[3])), holder)
  local latest = redis.call('ZREVRANGE', holders, 0, 0, 'WITHSCORES')[2]
  redis.call('PEXPIREAT', holders, whole(tonumber(latest) + 1000))
end
count_all()
if who ~= '' then
  redis.call('ZREM', line, who)
  redis.call('ZREM', looks, who)
end
return { 1 }
