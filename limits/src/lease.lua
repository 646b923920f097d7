-- Takes one of the places of a key, or keeps the one that the holder has.
-- KEYS[1]: holders, scored by the millisecond at which they lapse. ARGV: places, holder, ttl in ms, 'take' or 'renew'.
-- Answers 1 when the holder has a place, else 0.

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))
if not redis.call('ZSCORE', KEYS[1], ARGV[2]) then
  if ARGV[4] == 'renew' or redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[1]) then return 0 end
end
redis.call('ZADD', KEYS[1], string.format('%.0f', now + tonumber(ARGV[3])), ARGV[2])
local latest = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', tonumber(latest) + 1000))
return 1
