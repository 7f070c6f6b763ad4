-- Workers could not renew their leases while the server was away: those that lapsed hold again. (The keys are listed in
-- runs.lua.)
--
-- ARGV[1] fence, [2] prefix, [3] for how many seconds from now, [4] how many of the runs that are due were passed over
-- before, [5] how many to look at.
-- Reply: 'F' fenced, else two numbers: how many were looked at, and how many of them were passed over.

if not fence_stands(ARGV[1]) then return 'F' end

local prefix, now = ARGV[2], server_now()
local lease = now + tonumber(ARGV[3])
local due = redis.call('ZRANGEBYSCORE', prefix .. 'sweep', '-inf', now, 'LIMIT', ARGV[4], ARGV[5])

local function spare(name, run_id)
  local run, order = load_run(prefix, name, run_id)
  if not run or run.class ~= 'Heavy' or run.state ~= 'Started' then return false end
  run.lease = lease
  save_run(prefix, name, run_id, run, order)
  look_again(prefix, name, run_id, lease)
  return true
end

local passed = 0
for _, field in ipairs(due) do
  if not spare(string.match(field, '^([^|]*)|(.*)$')) then passed = passed + 1 end
end
return { #due, passed }
