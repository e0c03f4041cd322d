-- Each request is one that place-orders.lua has sent before, with the same key: FIRST_NONCE is the NONCE of then, DONE
-- how many of its requests were answered. One thread only.
local common = require("common")

function init()
  local tokens = common.lines_of(os.getenv("TOKENS_FILE"))
  tails = common.tails(common.lines_of(os.getenv("BODIES_FILE")))
  heads = {}
  for number, token in ipairs(tokens) do
    heads[number] = common.head("POST", "/api/v1/orders", token)
      .. "Idempotency-Key: " .. os.getenv("FIRST_NONCE") .. "-" .. thread_number .. "-"
  end
  first = common.offset()
  customer_count = #heads
  body_count = #tails
  done_before = tonumber(os.getenv("DONE"))
  sent = 0
  common.open_orders()
end

function request()
  sent = sent % done_before + 1
  local customer = (first + sent - 1) % customer_count + 1
  return heads[customer] .. sent .. tails[(customer - 1) % body_count + 1]
end
