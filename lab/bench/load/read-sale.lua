-- Each request reads the sale SALE_ID, as the next customer.
local common = require("common")

function init()
  ready = {}
  for number, token in ipairs(common.lines_of(os.getenv("TOKENS_FILE"))) do
    ready[number] = common.head("GET", "/api/v1/sales/" .. os.getenv("SALE_ID"), token) .. "\r\n"
  end
  count = #ready
  sent = common.offset()
  common.open_orders()
end

function request()
  sent = sent % count + 1
  return ready[sent]
end
