-- Each request pays the next of the stored orders, as its customer; SENT_BEFORE of them may have been paid by earlier
-- runs. One thread only.
local common = require("common")
local stored = require("stored-orders")

function init()
  local tokens = common.lines_of(os.getenv("TOKENS_FILE"))
  heads = {}
  for number, token in ipairs(tokens) do
    heads[number] = " HTTP/1.1\r\nHost: " .. wrk.headers["Host"] .. "\r\nAuthorization: Bearer " .. token
      .. "\r\nIf-Match: \"1\"\r\nIdempotency-Key: " .. os.getenv("NONCE") .. "-"
  end
  tail = common.tails(common.lines_of(os.getenv("BODIES_FILE")))[1]
  sent = tonumber(os.getenv("SENT_BEFORE"))
  names_orders = true
  common.open_orders()
end

function request()
  sent = sent + 1
  local head = heads[(sent - 1) % #heads + 1]
  return "POST /api/v1/orders/" .. stored.id(sent) .. "/payment" .. head .. sent .. tail
end
