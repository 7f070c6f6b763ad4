-- Light runs that ran while the server did not answer. (The keys are listed in runs.lua.)
--
-- ARGV[1] fence of the leader, [2] lease_seconds, then for each run seventeen: prefix, name, run_id, slot ('' for a
-- request), fence it ran under, admitted_at, by (who claimed), constants (JSON members of the run), order (JSON),
-- state ('' while it runs), reason, started_at, ended_at, host, peak_memory_bytes, tail, attempt.
-- Reply: 'F' fenced, else a list: for each run its RunRecord as JSON, '' when the ledger knows of a later attempt or of
-- its end.

if not fence_stands(ARGV[1]) then return 'F' end
local now = server_now()
local lease_seconds = tonumber(ARGV[2])

local function find_or_create(prefix, name, run_id, first)
  local run, order = load_run(prefix, name, run_id)
  if run then
    if is_current(run, ARGV[first + 16], ARGV[first + 4]) then return run, order end
    return nil
  end
  if ended_record(prefix, name, run_id) then return nil end
  redis.call('SADD', NAMESPACES, namespace_of(prefix))
  run = cjson.decode('{' .. ARGV[first + 7] .. '}')
  run.slot, run.by, run.host = tonumber(ARGV[first + 3]), ARGV[first + 6], ARGV[first + 6]
  run.state, run.attempt, run.fence = 'Dispatched', tonumber(ARGV[first + 16]), tonumber(ARGV[first + 4])
  run.admitted_at = tonumber(ARGV[first + 5])
  create_run(prefix, name, run_id, run, ARGV[first + 8])
  return run, ARGV[first + 8]
end

local function keep_running(prefix, name, run_id, run, order, started_at)
  run.state = started_at and 'Started' or 'Dispatched'
  run.started_at = started_at
  run.lease = now + lease_seconds
  save_run(prefix, name, run_id, run, order)
  look_again(prefix, name, run_id, run.lease)
  return record_of(prefix, name, run_id, run)
end

local function write_down(first)
  local prefix, name, run_id = ARGV[first], ARGV[first + 1], ARGV[first + 2]
  local run, order = find_or_create(prefix, name, run_id, first)
  if not run then return '' end
  local started_at = tonumber(ARGV[first + 11])
  if ARGV[first + 9] == '' then return keep_running(prefix, name, run_id, run, order, started_at) end
  return conclude(prefix, name, run_id, run, order, {
    state = ARGV[first + 9], reason = ARGV[first + 10], started_at = started_at, ended_at = tonumber(ARGV[first + 12]),
    host = ARGV[first + 13], peak = tonumber(ARGV[first + 14]), tail = ARGV[first + 15],
  }, now)
end

local reply = {}
for first = 3, #ARGV, 17 do reply[#reply + 1] = write_down(first) end
return reply
