-- A host says where its attempts are, and keeps their leases. (The keys are listed in runs.lua.)
--
-- ARGV[1] lease_seconds, then for each attempt eleven: prefix, name, run_id, attempt, fence,
-- step (Dispatched, Started, or Renewed), at (Unix seconds, or ''), host (or ''),
-- memory (JSON of the run, or ''), order (JSON, or ''), server (run_id that the host last spoke to, or '').
-- Reply: the server's run_id, then for each attempt: 'O' ok, 'G' gone (ended, or another attempt's turn), 'C' cancelled.

local now = server_now()
local lease_seconds = tonumber(ARGV[1])

local function take_step(run, step, at, host)
  if step == 'Dispatched' then
    if run.state == 'Admitted' then run.state = 'Dispatched' end
    return false
  end
  if host ~= '' then run.host = host end
  if step == 'Renewed' or run.state == 'Started' then return false end
  run.state = 'Started'
  run.started_at = tonumber(at)
  return true
end

local function advance(prefix, name, run_id, attempt, fence, step, at, host, memory, order, server)
  local run, kept = load_run(prefix, name, run_id)
  if not run then run, kept = recall_run(prefix, name, run_id, memory, order, server) end
  if not run or not is_current(run, attempt, fence) then return 'G' end
  if step == 'Dispatched' and run.cancelled then return 'C' end
  if step == 'Dispatched' and run.state == 'Started' then return 'O' end -- a worker was faster; the lease is its own
  local told = take_step(run, step, at, host)
  if run.class == 'Light' or run.state == 'Started' then
    run.lease = now + lease_seconds
    look_again(prefix, name, run_id, run.lease)
  end
  save_run(prefix, name, run_id, run, kept)
  if told then tell(prefix, 'record', record_of(prefix, name, run_id, run)) end
  return run.cancelled and 'C' or 'O'
end

local reply = {}
for first = 2, #ARGV, 11 do
  reply[#reply + 1] = advance(unpack(ARGV, first, first + 10))
end
return { server_run_id(), table.concat(reply) }
