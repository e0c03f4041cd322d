-- Orders that the benchmark has put into the ledger by SQL (fill-ledger.ts): their ids are numbers, and the customers
-- have them in turn.
local stored = {}

function stored.id(number)
  return string.format("0197a1de-0000-7000-8000-%012x", number)
end

function stored.count()
  return tonumber(os.getenv("STORED_ORDERS"))
end

return stored
