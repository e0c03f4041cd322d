-- Each request is a new order by the next customer.
local common = require("common")

-- All that does not change is put together here, so that a request costs one concatenation.
function init()
  local tokens = common.lines_of(os.getenv("TOKENS_FILE"))
  local nonce = os.getenv("NONCE")
  tails = common.tails(common.lines_of(os.getenv("BODIES_FILE")))
  heads = {}
  for number, token in ipairs(tokens) do
    heads[number] = common.head("POST", "/api/v1/orders", token) .. "Idempotency-Key: " .. nonce .. "-" .. thread_number .. "-"
  end
  customer = common.offset() % #heads
  customer_count = #heads
  body_count = #tails
  sent = 0
  names_orders = true
  common.open_orders()
end

function request()
  customer = customer % customer_count + 1
  sent = sent + 1
  return heads[customer] .. sent .. tails[(customer - 1) % body_count + 1]
end
