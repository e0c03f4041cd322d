-- Ends a claim without an answer. Without effect when another has taken it over, or it has ended.
-- KEYS[1]  the key's hash; see claim-key.lua
-- ARGV[1]  token of the claim; empty where only the attempt is known, whose reply was lost
-- ARGV[2]  attempt; empty where the token is known
-- Returns 1 when it is released, else 0.
local kept = redis.call('HMGET', KEYS[1], 'token', 'attempt', 'fence_until')
local token, attempt, fence_until = kept[1], kept[2], kept[3]
if not attempt or (token ~= ARGV[1] and attempt ~= ARGV[2]) then
  return 0
end

-- An earlier owner may still come back with its token: the count goes on until it cannot any more.
local time = redis.call('TIME')
local left_ms = fence_until and tonumber(fence_until) - (time[1] * 1000 + math.floor(time[2] / 1000)) or 0
if left_ms > 0 then
  redis.call('HDEL', KEYS[1], 'attempt', 'fingerprint', 'lease_until')
  redis.call('PEXPIRE', KEYS[1], math.ceil(left_ms))
else
  redis.call('DEL', KEYS[1])
end
return 1
