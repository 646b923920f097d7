-- Takes one call's cost from all of its windows, or from none. Follows windows.lua.
-- KEYS: for each rule its log and its sum. ARGV: for each rule limit, period in ms, cost.
-- Answers {1, remaining, reset_ms, …} or {0, rule, retry_ms}.

local rules, logs = #KEYS / 2, {}
for i = 1, rules do logs[i] = KEYS[2 * i - 1] end
local now = clock(logs)

local totals, longest, limiting = {}, 0, nil
for i = 1, rules do
  local log, sum = KEYS[2 * i - 1], KEYS[2 * i]
  local limit, period, cost = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
  totals[i] = measure(log, sum, period, now)
  local ms = wait(log, totals[i], limit, period, cost, now)
  if ms > longest then longest, limiting = ms, i - 1 end
end
if limiting then return { 0, limiting, longest } end

local answer = { 1 }
for i = 1, rules do
  local log, sum = KEYS[2 * i - 1], KEYS[2 * i]
  local limit, period, cost = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
  add(log, sum, totals[i], period, cost, now)
  local head, reset = redis.call('LINDEX', log, 0), 0
  if head then
    local at = parse(head)
    reset = at + period + 1 - now
  end
  answer[#answer + 1] = math.max(0, limit - totals[i] - cost)
  answer[#answer + 1] = reset
end
return answer
