-- Claims an idempotency key, unless it is answered or somebody's claim is live. Idempotent per attempt: an attempt
-- whose reply was lost finds its own claim.
-- KEYS[1]  the key's hash. token: of the latest claim. attempt, fingerprint, lease_until: that claim, while there is
--          one. answer, fingerprint: when it is answered. fence_until: until when an owner whose lease ran out before
--          the latest claim may still come back.
-- ARGV[1]  attempt, unique
-- ARGV[2]  fingerprint of the request
-- ARGV[3]  lease in milliseconds
-- ARGV[4]  how long after its lease an owner may come back, in milliseconds
-- Returns {'claimed', token} | {'in-progress', fingerprint} | {'answered', fingerprint, answer}.
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local kept = redis.call('HMGET', KEYS[1], 'token', 'attempt', 'fingerprint', 'lease_until', 'answer')
local token, attempt, fingerprint, lease_until, answer = kept[1], kept[2], kept[3], kept[4], kept[5]

if answer then
  return {'answered', fingerprint, answer}
end
if attempt == ARGV[1] then
  return {'claimed', token}
end
if lease_until and now_ms < tonumber(lease_until) then
  return {'in-progress', fingerprint}
end

-- Microseconds since 1970, so that it rises also where Redis has lost what it knew; one more than the last, so that it
-- rises also where the clock was set back. Below 2^53.
local next_token = time[1] * 1000000 + time[2]
if token and next_token <= tonumber(token) then
  next_token = tonumber(token) + 1
end
next_token = string.format('%.0f', next_token)

local lease_ms, fence_ms = tonumber(ARGV[3]), tonumber(ARGV[4])
redis.call('HSET', KEYS[1], 'token', next_token, 'attempt', ARGV[1], 'fingerprint', ARGV[2],
  'lease_until', string.format('%.0f', now_ms + lease_ms))
if lease_until then
  redis.call('HSET', KEYS[1], 'fence_until', string.format('%.0f', tonumber(lease_until) + fence_ms))
end
redis.call('PEXPIRE', KEYS[1], lease_ms + fence_ms)
return {'claimed', next_token}
