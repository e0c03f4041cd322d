-- Advises on attempts to place orders of one sale, in their order, and reserves units for those that may succeed.
-- Idempotent per operation. An attempt that is refused or unknown leaves nothing. All reads come before all writes, so
-- that a key of a wrong type fails the call before it has an effect.
-- KEYS[1]      stock: hash, item → available:version:limit (the limit empty where there is none)
-- KEYS[2]      reserved: hash, item → units of all open reservations; no field where there are none
-- KEYS[3]      open: hash, operation → creation in ms by this server's clock, then "quantity item" for each line
-- KEYS[4]      units: hash, item/customer → units of a limited item
-- KEYS[4 + n]  the kept answer of attempt n: string
-- ARGV[1]      seconds until a sale is forgotten that is not touched
-- ARGV[2]      most open reservations of the sale
-- ARGV[3]      number of items asked for by all attempts, and then the items
-- then for each attempt: operation, customer, number of lines, and for each line the item's place (from 1) and quantity
-- Returns for each attempt its kept answer as it is stored, or 0: unknown, 1: refuse, 2: reserved.

local UNKNOWN, REFUSE, RESERVED = 0, 1, 2

local item_count = tonumber(ARGV[3])
local items = {}
for place = 1, item_count do
  items[place] = ARGV[3 + place]
end
local pairs_read = redis.call('HMGET', KEYS[1], unpack(items))
local sums_read = redis.call('HMGET', KEYS[2], unpack(items))
local open_count = redis.call('HLEN', KEYS[3])
local open_max = tonumber(ARGV[2])
-- A key of another type reads as none here.
local kept = redis.call('MGET', unpack(KEYS, 5))

-- By the item's place; none where the pair is missing or rubbish.
local available, limits, reserved = {}, {}, {}
for place = 1, item_count do
  local units, limit = string.match(pairs_read[place] or '', '^(%d+):%d+:(%d*)$')
  available[place] = units and tonumber(units)
  limits[place] = limit and tonumber(limit)
  -- A sum that is rubbish leaves none to calculate with: only the pair itself can say that there is not enough.
  local sum = string.match(sums_read[place] or '0', '^%d+$')
  reserved[place] = sum and tonumber(sum)
end

local function refuses(customer, lines)
  for _, line in ipairs(lines) do
    if available[line.place] < line.quantity then
      return true
    end
    local limit = limits[line.place]
    if limit then
      local units = redis.call('HGET', KEYS[4], items[line.place] .. '/' .. customer)
      if (tonumber(units or '0') or 0) + line.quantity > limit then
        return true
      end
    end
  end
  return false
end

local opened = {}
local touched = {}

local function reserve(operation, lines)
  for _, line in ipairs(lines) do
    local sum = reserved[line.place]
    if not sum or available[line.place] - sum < line.quantity then
      return UNKNOWN
    end
  end
  if open_count >= open_max then
    return UNKNOWN
  end
  local text = {}
  for _, line in ipairs(lines) do
    reserved[line.place] = reserved[line.place] + line.quantity
    touched[line.place] = true
    text[#text + 1] = line.quantity .. ' ' .. items[line.place]
  end
  opened[operation] = table.concat(text, ' ')
  open_count = open_count + 1
  return RESERVED
end

local function advise(operation, customer, lines)
  if opened[operation] or redis.call('HEXISTS', KEYS[3], operation) == 1 then
    return RESERVED
  end
  for _, line in ipairs(lines) do
    if not available[line.place] then
      return UNKNOWN
    end
  end
  if refuses(customer, lines) then
    return REFUSE
  end
  return reserve(operation, lines)
end

local advice = {}
local at = 4 + item_count
for attempt = 1, #KEYS - 4 do
  local lines = {}
  for number = 1, tonumber(ARGV[at + 2]) do
    lines[number] = { place = tonumber(ARGV[at + 1 + 2 * number]), quantity = tonumber(ARGV[at + 2 + 2 * number]) }
  end
  advice[attempt] = kept[attempt] or advise(ARGV[at], ARGV[at + 1], lines)
  at = at + 3 + 2 * #lines
end

if next(opened) then
  local time = redis.call('TIME')
  local now_ms = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
  local open_fields, sum_fields = {}, {}
  for operation, text in pairs(opened) do
    open_fields[#open_fields + 1] = operation
    open_fields[#open_fields + 1] = now_ms .. ' ' .. text
  end
  for place in pairs(touched) do
    sum_fields[#sum_fields + 1] = items[place]
    sum_fields[#sum_fields + 1] = string.format('%.0f', reserved[place])
  end
  redis.call('HSET', KEYS[3], unpack(open_fields))
  redis.call('HSET', KEYS[2], unpack(sum_fields))
  for key = 1, 3 do
    redis.call('EXPIRE', KEYS[key], ARGV[1])
  end
end
return advice
