-- Each request reads the next of the stored orders, as its customer.
local common = require("common")
local stored = require("stored-orders")

function init()
  local requests = {}
  local tokens = common.lines_of(os.getenv("TOKENS_FILE"))
  for number = 1, stored.count() do
    local token = tokens[(number - 1) % #tokens + 1]
    requests[number] = common.head("GET", "/api/v1/orders/" .. stored.id(number), token) .. "\r\n"
  end
  ready = requests
  count = #requests
  sent = common.offset()
  common.open_orders()
end

function request()
  sent = sent % count + 1
  return ready[sent]
end
