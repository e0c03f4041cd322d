-- How long a claim may still be under way.
-- KEYS[1]  the key's hash; see claim-key.lua
-- Returns milliseconds; 0 when nothing is under way.
local lease_until = redis.call('HGET', KEYS[1], 'lease_until')
if not lease_until then
  return 0
end
local time = redis.call('TIME')
return math.max(0, math.ceil(tonumber(lease_until) - (time[1] * 1000 + math.floor(time[2] / 1000))))
