-- For wrk: has each connection wait after an answer, for as many milliseconds as
-- the two arguments say at least and at most.
function init(args)
  least = tonumber(args[1])
  most = tonumber(args[2])
end

function delay()
  return math.random(least, most)
end

-- Prints how many requests there were, and how long the slowest of a hundred took.
function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status +
    errors.timeout
  io.write(string.format(
    '{"requests":%d,"failed":%d,"p99":%d}\n',
    summary.requests, failed, latency:percentile(99)
  ))
end
