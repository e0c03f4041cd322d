-- Keeps the answer of a claim and ends it. Without effect when another has taken the claim over, or it has ended.
-- KEYS[1]  the key's hash; see claim-key.lua
-- ARGV[1]  token of the claim
-- ARGV[2]  answer
-- ARGV[3]  milliseconds until it is forgotten
-- Returns 1 when it is kept, else 0.
local kept = redis.call('HMGET', KEYS[1], 'token', 'attempt')
if kept[1] ~= ARGV[1] or not kept[2] then
  return 0
end
redis.call('HSET', KEYS[1], 'answer', ARGV[2])
redis.call('HDEL', KEYS[1], 'attempt', 'lease_until', 'fence_until')
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
