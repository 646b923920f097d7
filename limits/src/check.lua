-- Takes one call's cost from all of its windows, or from none.
-- KEYS: for each rule its log and its sum. ARGV: for each rule limit, period in ms, cost.
-- A log holds "millisecond:cost", oldest first, one entry per millisecond; an entry counts through the whole period,
-- both ends included. Answers {1, remaining, reset_ms, …} or {0, rule, retry_ms}.

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local rules = #KEYS / 2

local function parse(entry)
  local at, cost = string.match(entry, '^(%d+):(%d+)$')
  return tonumber(at), tonumber(cost)
end

local function whole(number)
  return string.format('%.0f', number)
end

-- A clock that steps back stands still here.
for i = 1, rules do
  local last = redis.call('LINDEX', KEYS[2 * i - 1], -1)
  if last then
    local at = parse(last)
    if at > now then now = at end
  end
end

-- Drops what has lapsed, and answers what still counts.
local function measure(log, sum, period)
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
local function wait(log, total, limit, period, cost)
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

local totals, longest, limiting = {}, 0, nil
for i = 1, rules do
  local log, sum = KEYS[2 * i - 1], KEYS[2 * i]
  local limit, period, cost = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
  totals[i] = measure(log, sum, period)
  local ms = wait(log, totals[i], limit, period, cost)
  if ms > longest then longest, limiting = ms, i - 1 end
end
if limiting then return { 0, limiting, longest } end

local answer = { 1 }
for i = 1, rules do
  local log, sum = KEYS[2 * i - 1], KEYS[2 * i]
  local limit, period, cost = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
  if cost > 0 then
    local last = redis.call('LINDEX', log, -1)
    local at, taken = 0, 0
    if last then at, taken = parse(last) end
    if at == now then
      redis.call('LSET', log, -1, whole(now) .. ':' .. whole(taken + cost))
    else
      redis.call('RPUSH', log, whole(now) .. ':' .. whole(cost))
    end
    redis.call('SET', sum, whole(totals[i] + cost), 'PX', whole(period + 1000))
    redis.call('PEXPIRE', log, whole(period + 1000))
  end
  local head, reset = redis.call('LINDEX', log, 0), 0
  if head then
    local at = parse(head)
    reset = at + period + 1 - now
  end
  answer[#answer + 1] = math.max(0, limit - totals[i] - cost)
  answer[#answer + 1] = reset
end
return answer
