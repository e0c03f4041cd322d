-- Compares pairs with the ledger's, gives back leaked reservations and calculates the reserved sums anew. One atomic
-- step, so however many processes reconcile at once, each reservation is given back once.
-- KEYS[1]  stock: hash, item → available:version:limit
-- KEYS[2]  reserved: hash, item → units of all open reservations; no field where there are none
-- KEYS[3]  open: hash, operation → creation in ms by this server's clock, then "quantity item" for each line
-- KEYS[4]  units: hash, item/customer → units of a limited item
-- ARGV[1]  seconds until a sale is forgotten that is not touched
-- ARGV[2]  ms after which an open reservation has leaked
-- then for each item: item, available, version, pair (available:version:limit) of the ledger, and the pair with which
-- the gate was ahead of the ledger before the ledger was read, or nothing
-- Returns units of drift, pairs repaired, reservations leaked, reservations open; then for each item whose pair is ahead
-- of the ledger's now: its place (from 1) and the pair.

-- For HSET and HDEL: Lua has room for some 8000 values on its stack.
local CHUNK = 1000
-- Of a pair: three numbers of up to 16 digits, and what parts them.
local MAX_LENGTH = 50

local function remove_other_type(key)
  local kind = redis.call('TYPE', key).ok
  return kind ~= 'hash' and kind ~= 'none' and redis.call('DEL', key) == 1
end

local stock_was_lost = remove_other_type(KEYS[1])
for key = 2, 4 do
  remove_other_type(KEYS[key])
end

local drift, repaired = 0, 0
local ahead = {}
for at = 3, #ARGV, 5 do
  local item, available, version, pair, suspect = unpack(ARGV, at, at + 4)
  local before = redis.call('HGET', KEYS[1], item)
  -- More digits than the ledger has are rubbish, too.
  local known, known_version = string.match(#(before or '') <= MAX_LENGTH and before or '', '^(%d+):(%d+):%d*$')
  local lead = known and tonumber(known_version) - tonumber(version)
  local differs = before and before ~= pair and (not lead or lead == 0 or (lead > 0 and before == suspect))
  local wrong = differs or stock_was_lost
  if wrong then
    drift = drift + (known and math.abs(tonumber(known) - tonumber(available)) or 0)
    repaired = repaired + 1
  end
  if wrong or not before or lead < 0 then
    redis.call('HSET', KEYS[1], item, pair)
  elseif lead > 0 then
    -- A commit since the ledger was read, or somebody's edit: the next comparison will tell.
    ahead[#ahead + 1] = (at - 3) / 5 + 1
    ahead[#ahead + 1] = before
  end
end

local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local leaked_after_ms = tonumber(ARGV[2])
local open = redis.call('HGETALL', KEYS[3])
local leaked, sums = {}, {}
for at = 1, #open, 2 do
  local created_ms, lines = string.match(open[at + 1], '^(%d+) (.+)$')
  -- One from the future is of a server whose clock was ahead, before a failover: its age is not known either.
  if not created_ms or math.abs(now_ms - tonumber(created_ms)) > leaked_after_ms then
    leaked[#leaked + 1] = open[at]
  else
    for quantity, item in string.gmatch(lines, '(%d+) (%S+)') do
      sums[item] = (sums[item] or 0) + tonumber(quantity)
    end
  end
end
for from = 1, #leaked, CHUNK do
  redis.call('HDEL', KEYS[3], unpack(leaked, from, math.min(from + CHUNK - 1, #leaked)))
end

local fields = {}
for item, sum in pairs(sums) do
  fields[#fields + 1] = item
  fields[#fields + 1] = string.format('%.0f', sum)
end
redis.call('DEL', KEYS[2])
for from = 1, #fields, CHUNK do
  redis.call('HSET', KEYS[2], unpack(fields, from, math.min(from + CHUNK - 1, #fields)))
end

for key = 1, 3 do
  redis.call('EXPIRE', KEYS[key], ARGV[1])
end
redis.call('EXPIRE', KEYS[4], ARGV[1], 'NX')
-- Lua hands numbers over as integers.
return { drift, repaired, #leaked, #open / 2 - #leaked, unpack(ahead) }
