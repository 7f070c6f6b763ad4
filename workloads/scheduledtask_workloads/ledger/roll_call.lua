-- The live workers of pools; those that died are forgotten here. (The keys are listed in runs.lua.)
--
-- ARGV[1] for how many seconds a worker counts as alive, then for each pool two: prefix, pool.
-- Reply: for each pool a list: for each worker three: host, runs, '1' when it takes no new ones.

local now = server_now()

local function roll_call(workers)
  local found = redis.call('HGETALL', workers)
  local live = {}
  for at = 1, #found, 2 do
    local seen, runs, draining = string.match(found[at + 1], '^(%S+) (%S+) (%S*)$')
    if tonumber(seen) + tonumber(ARGV[1]) < now then
      redis.call('HDEL', workers, found[at])
    else
      live[#live + 1] = found[at]
      live[#live + 1] = runs
      live[#live + 1] = draining
    end
  end
  return live
end

local reply = {}
for at = 2, #ARGV, 2 do reply[#reply + 1] = roll_call(ARGV[at] .. 'workers:' .. ARGV[at + 1]) end
return reply
