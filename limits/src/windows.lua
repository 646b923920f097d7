-- What the scripts of windows share. A log holds "millisecond:cost", oldest first, one entry per millisecond; an entry
-- counts through the whole period, both ends included. Its sum stands beside it.

local function parse(entry)
  local at, cost = string.match(entry, '^(%d+):(%d+)$')
  return tonumber(at), tonumber(cost)
end

local function whole(number)
  return string.format('%.0f', number)
end

-- The time in milliseconds, by Redis's clock. A clock that steps back stands still at what these logs have seen.
local function clock(logs)
  local time = redis.call('TIME')
  local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  for _, log in ipairs(logs) do
    local last = redis.call('LINDEX', log, -1)
    if last then now = math.max(now, (parse(last))) end
  end
  return now
end

-- Drops what has lapsed, and answers what still counts.
local function measure(log, sum, period, now)
  local total = tonumber(redis.call('GET', sum) or '0')
  local dropped = false
  local head = redis.call('LINDEX', log, 0)
  while head do
    local at, cost = parse(head)
    if at + period >= now then break end
    redis.call('LPOP', log)
    total = total - cost
    dropped = true
    head = redis.call('LINDEX', log, 0)
  end
  if not head then
    redis.call('DEL', log, sum)
    return 0
  end
  if dropped then redis.call('SET', sum, whole(total), 'KEEPTTL') end
  return total
end

-- How long until enough has lapsed; 0 is now.
local function wait(log, total, limit, period, cost, now)
  local from = 0
  while total + cost > limit do
    local entries = redis.call('LRANGE', log, from, from + 99)
    if #entries == 0 then return 0 end
    for _, entry in ipairs(entries) do
      local at, taken = parse(entry)
      total = total - taken
      if total + cost <= limit then return at + period + 1 - now end
    end
    from = from + 100
  end
  return 0
end

-- Counts a cost from now on.
local function add(log, sum, total, period, cost, now)
  if cost <= 0 then return end
  local last = redis.call('LINDEX', log, -1)
  local at, taken = 0, 0
  if last then at, taken = parse(last) end
  if at == now then
    redis.call('LSET', log, -1, whole(now) .. ':' .. whole(taken + cost))
  else
    redis.call('RPUSH', log, whole(now) .. ':' .. whole(cost))
  end
  redis.call('SET', sum, whole(total + cost), 'PX', whole(period + 1000))
  redis.call('PEXPIRE', log, whole(period + 1000))
end

