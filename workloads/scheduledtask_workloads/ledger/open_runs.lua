-- A task's runs that have not ended. (The keys are listed in runs.lua.)
--
-- ARGV[1] prefix, [2] name.
-- Reply: for each run three: run_id, the run as JSON, its RunRecord as JSON.

local prefix, name = ARGV[1], ARGV[2]
local reply = {}
local _, open = load_task(prefix, name)
for run_id in string.gmatch(open, '[^ ]+') do
  local run = load_run(prefix, name, run_id)
  if run then
    reply[#reply + 1] = run_id
    reply[#reply + 1] = cjson.encode(run)
    reply[#reply + 1] = record_of(prefix, name, run_id, run)
  end
end
return reply
