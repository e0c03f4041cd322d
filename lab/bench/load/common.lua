-- What the scripts for wrk have in common. They are told by environment variables what to send:
--
--   SERVERS      host:port, with commas between: one for each thread
--   TOKENS_FILE  one access token a line; the threads walk them from places of their own
--   BODIES_FILE  one JSON body a line; the customers take them in turn
--   ORDERS_FILE  the id of every order that a 2xx answer names is added, one a line; each thread has a file of its own,
--                with -0, -1, … behind the name, because two that write one file cut each other's lines
--   NONCE        makes the keys of this run different from those of every other run
--   SENT_BEFORE  how many requests of the same load may have been sent before this run
--
-- Prints one line, `RESULT <json>`: the answers by status code, and durations in microseconds.

local common = {}
local threads = {}

function common.lines_of(path)
  local lines = {}
  for line in io.lines(path) do
    if line ~= "" then table.insert(lines, line) end
  end
  return lines
end

-- Where this thread's walk over the tokens begins. A step that no thread shares with another keeps two of them from
-- walking in the same footsteps.
function common.offset()
  return thread_number * 997
end

function common.head(method, path, token)
  return method .. " " .. path .. " HTTP/1.1\r\nHost: " .. wrk.headers["Host"] .. "\r\nAuthorization: Bearer " .. token
    .. "\r\n"
end

-- The part of a request after its key, for each body.
function common.tails(bodies)
  local tails = {}
  for number, body in ipairs(bodies) do
    tails[number] = "\r\nContent-Type: application/json\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
  end
  return tails
end

function common.open_orders()
  statuses = {}
  -- Never closed: a thread's state has no end of its own, and the exit of wrk writes out what is buffered.
  orders = assert(io.open(os.getenv("ORDERS_FILE") .. "-" .. thread_number, "ab"))
end

-- wrk copies the headers and the body into Lua for this: about 1 of the 10 microseconds of a request's client. Rows that
-- need no ids pay it, too, so that the client costs the same in all of them.
function response(status, headers, body)
  statuses[status] = (statuses[status] or 0) + 1
  if status < 300 then
    local id = body:match('^{"id":"([^"]*)"')
    if id and names_orders then orders:write(id, "\n") end
  end
end

local function addresses()
  local list = {}
  for host, port in os.getenv("SERVERS"):gmatch("([^:,]+):(%d+)") do
    table.insert(list, wrk.lookup(host, port)[1])
  end
  return list
end

function setup(thread)
  local list = addresses()
  thread:set("thread_number", #threads)
  thread.addr = list[#threads % #list + 1]
  table.insert(threads, thread)
end

local function counted_statuses()
  local total, parts = {}, {}
  for _, thread in ipairs(threads) do
    for status, count in pairs(thread:get("statuses")) do
      total[status] = (total[status] or 0) + count
    end
  end
  for status, count in pairs(total) do
    table.insert(parts, string.format('"%d":%d', status, count))
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

function done(summary, latency, requests)
  local errors = summary.errors
  print(string.format(
    'RESULT {"durationUs":%d,"connectErrors":%d,"readErrors":%d,"writeErrors":%d,'
      .. '"timeouts":%d,"latencyP50Us":%d,"latencyP99Us":%d,"latencyMaxUs":%d,"statuses":%s}',
    summary.duration, errors.connect, errors.read, errors.write,
    errors.timeout, latency:percentile(50), latency:percentile(99), latency.max, counted_statuses()))
end

return common
