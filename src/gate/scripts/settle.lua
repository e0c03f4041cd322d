-- Takes in how attempts of one sale ended: gives their reservations back, keeps the answers of those that have an order
-- and raises the customers' units. Idempotent: a reservation that is not there gives nothing back, and an answer that is
-- kept already raises no units. All reads of hashes come before all writes.
-- KEYS[1]      stock: hash, item → available:version:limit
-- KEYS[2]      reserved: hash, item → units of all open reservations; no field where there are none
-- KEYS[3]      open: hash, operation → creation in ms, then "quantity item" for each line
-- KEYS[4]      units: hash, item/customer → units of a limited item
-- KEYS[4 + n]  where the answer of the n-th ending that has an order is kept: string
-- ARGV[1]      seconds until a sale is forgotten that is not touched
-- ARGV[2]      seconds for which an answer is kept
-- ARGV[3]      number of endings without an order, and then their operations
-- then for each ending with an order: operation, what to keep, customer, number of lines, and for each line item and
-- quantity
-- Returns the number of reservations that were given back.

-- Operations that are closed now, as a set and as a list; items → units that they give back.
local is_closed, closed, freed = {}, {}, {}

local function close(operation)
  local text = redis.call('HGET', KEYS[3], operation)
  if not text or is_closed[operation] then
    return
  end
  is_closed[operation] = true
  closed[#closed + 1] = operation
  local lines = string.match(text, '^%d+ (.*)$')
  for quantity, item in string.gmatch(lines or '', '(%d+) (%S+)') do
    freed[item] = (freed[item] or 0) + tonumber(quantity)
  end
end

local unplaced_count = tonumber(ARGV[3])
for number = 1, unplaced_count do
  close(ARGV[3 + number])
end

local limited = {}

local function is_limited(item)
  if limited[item] == nil then
    local pair = redis.call('HGET', KEYS[1], item) or ''
    limited[item] = string.match(pair, '^%d+:%d+:%d+$') ~= nil
  end
  return limited[item]
end

-- A key of another type reads as none here, and is overwritten below.
local kept = #KEYS > 4 and redis.call('MGET', unpack(KEYS, 5))
-- Keys → what to keep there; fields → units that a customer gets.
local to_keep, raised = {}, {}
local at = 4 + unplaced_count
for placed = 1, #KEYS - 4 do
  local key, value, customer, line_count = KEYS[4 + placed], ARGV[at + 1], ARGV[at + 2], tonumber(ARGV[at + 3])
  close(ARGV[at])
  local before = to_keep[key] or kept[placed]
  if before ~= value then
    to_keep[key] = value
  end
  if not before then
    for number = 1, line_count do
      local item, quantity = ARGV[at + 2 + 2 * number], tonumber(ARGV[at + 3 + 2 * number])
      if is_limited(item) then
        local field = item .. '/' .. customer
        raised[field] = (raised[field] or 0) + quantity
      end
    end
  end
  at = at + 4 + 2 * line_count
end

-- What is written now: items → their new sums, fields → their new units.
local sums, units = {}, {}
for item, quantity in pairs(freed) do
  local sum = string.match(redis.call('HGET', KEYS[2], item) or '0', '^%d+$')
  -- Rubbish stays for reconcile, which calculates the sums anew.
  if sum then
    sums[item] = math.max(0, tonumber(sum) - quantity)
  end
end
for field, quantity in pairs(raised) do
  local before = redis.call('HGET', KEYS[4], field) or '0'
  units[field] = (tonumber(string.match(before, '^%d+$')) or 0) + quantity
end

if #closed > 0 then
  redis.call('HDEL', KEYS[3], unpack(closed))
end
for item, sum in pairs(sums) do
  if sum == 0 then
    redis.call('HDEL', KEYS[2], item)
  else
    redis.call('HSET', KEYS[2], item, string.format('%.0f', sum))
  end
end
for field, sum in pairs(units) do
  redis.call('HSET', KEYS[4], field, string.format('%.0f', sum))
end
for key, value in pairs(to_keep) do
  redis.call('SET', key, value, 'EX', ARGV[2])
end
for key = 1, 3 do
  redis.call('EXPIRE', KEYS[key], ARGV[1])
end
-- Units begin anew after that time, however busy the sale is: they never go down, and a customer may have given back.
redis.call('EXPIRE', KEYS[4], ARGV[1], 'NX')
return #closed
