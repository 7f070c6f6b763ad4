-- The runs that the leader must look at. (The keys are listed in runs.lua.)
--
-- ARGV[1] how many at most in each namespace, then the prefixes.
-- Reply: for each run five: namespace, name, run_id, attempt, and the pool if its message may still wait there, else ''.
-- A run that is listed but gone loses its entry here.

local now = server_now()

local function waits_in_pool(run)
  if run.class ~= 'Heavy' or (run.state ~= 'Admitted' and run.state ~= 'Dispatched') then return '' end
  return run.pool
end

local function add_due(prefix, field, reply)
  local name, run_id = string.match(field, '^([^|]*)|(.*)$')
  local run = load_run(prefix, name, run_id)
  if not run then
    redis.call('ZREM', prefix .. 'sweep', field)
    return
  end
  for _, value in ipairs({ namespace_of(prefix), name, run_id, tostring(run.attempt), waits_in_pool(run) }) do
    reply[#reply + 1] = value
  end
end

local reply = {}
for at = 2, #ARGV do
  local due = redis.call('ZRANGEBYSCORE', ARGV[at] .. 'sweep', '-inf', now, 'LIMIT', 0, ARGV[1])
  for _, field in ipairs(due) do add_due(ARGV[at], field, reply) end
end
return reply
