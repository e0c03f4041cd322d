-- The load of the benchmark, for wrk: each request is a new order by the next customer.
--
--   wrk … -s place-order.lua <url> -- <tokens file> <body file> <nonce> <orders file>
--
-- tokens file  one access token a line; the threads walk it from places of their own
-- body file    the JSON body, the same for every request
-- nonce        makes the keys of this run different from those of every other run
-- orders file  is written: the id of every order that an answer has promised, one a line
--
-- Prints one line, `RESULT <json>`: the answers by status code, and durations in microseconds.

local threads = {}

function setup(thread)
  thread:set("thread_number", #threads)
  table.insert(threads, thread)
end

local function read_lines(path)
  local lines = {}
  for line in io.lines(path) do
    if line ~= "" then table.insert(lines, line) end
  end
  return lines
end

local function read_all(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

-- All that does not change is put together here, so that a request costs one concatenation.
function init(args)
  local tokens, body, nonce = read_lines(args[1]), read_all(args[2]), args[3]
  statuses = {}

  heads = {}
  for number, token in ipairs(tokens) do
    heads[number] = "POST " .. wrk.path .. " HTTP/1.1\r\nHost: " .. wrk.headers["Host"]
      .. "\r\nAuthorization: Bearer " .. token
      .. "\r\nIdempotency-Key: " .. nonce .. "-" .. thread_number .. "-"
  end
  tail = "\r\nContent-Type: application/json\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
  token_count = #tokens
  -- A step that no thread shares with another keeps two of them from walking in the same footsteps.
  customer = (thread_number * 997) % token_count
  sent = 0
  -- Never closed: a thread's state has no end of its own, and the exit of wrk writes out what is buffered.
  orders = assert(io.open(args[4], "ab"))
end

function request()
  customer = customer % token_count + 1
  sent = sent + 1
  return heads[customer] .. sent .. tail
end

-- wrk copies the headers and the body into Lua for this: about 1 of the 10 microseconds of a request's client.
function response(status, headers, body)
  statuses[status] = (statuses[status] or 0) + 1
  if status < 300 then
    local id = body:match('^{"id":"([^"]*)"')
    if id then orders:write(id, "\n") end
  end
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
