-- What is known of runs, open or ended. (The keys are listed in runs.lua.)
--
-- ARGV: for each run three: prefix, name, run_id.
-- Reply: for each run its RunRecord as JSON, '' when the history has it no longer.

local reply = {}
for first = 1, #ARGV, 3 do
  local prefix, name, run_id = ARGV[first], ARGV[first + 1], ARGV[first + 2]
  local run = load_run(prefix, name, run_id)
  reply[#reply + 1] = run and record_of(prefix, name, run_id, run) or ended_record(prefix, name, run_id) or ''
end
return reply
