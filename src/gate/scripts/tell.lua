-- Takes in what the ledger has of some items of one sale, as a commit left it. The newest version wins.
-- KEYS[1]  stock: hash, item → available:version:limit
-- ARGV[1]  seconds until a sale is forgotten that is not touched
-- then for each item: item, version, pair (available:version:limit)
-- Returns the number of pairs that were taken in.

local newer = {}
for at = 2, #ARGV, 3 do
  local before = string.match(redis.call('HGET', KEYS[1], ARGV[at]) or '', '^%d+:(%d+):%d*$')
  -- What is missing or rubbish is older than everything.
  if not before or tonumber(before) < tonumber(ARGV[at + 1]) then
    newer[#newer + 1] = ARGV[at]
    newer[#newer + 1] = ARGV[at + 2]
  end
end
if #newer > 0 then
  redis.call('HSET', KEYS[1], unpack(newer))
end
redis.call('EXPIRE', KEYS[1], ARGV[1])
return #newer / 2
