-- A worker asks to run the body of a heavy attempt. (The keys are listed in runs.lua.)
--
-- ARGV[1] prefix, [2] name, [3] run_id, [4] attempt, [5] fence, [6] host, [7] lease_seconds, [8] entry: a word that only
-- this call knows, so that the same call sent again is not taken for a second delivery.
-- Reply: verdict, then for Entered: attempt, the run as JSON, the order, the server's run_id; for Held: seconds left.

local prefix, name, run_id = ARGV[1], ARGV[2], ARGV[3]
if not epoch_stands() then return { 'EpochMissing' } end

local run, order = load_run(prefix, name, run_id)
if not run then return { 'Stale' } end
local now = server_now()
local live = run.lease and run.lease > now
local resent = run.state == 'Started' and run.entry == ARGV[8]

local function entered()
  run.lease = now + tonumber(ARGV[7])
  run.host, run.entry = ARGV[6], ARGV[8]
  save_run(prefix, name, run_id, run, order)
  look_again(prefix, name, run_id, run.lease)
  return { 'Entered', tostring(run.attempt), cjson.encode(run), order, server_run_id() }
end

if resent then return entered() end
if not is_current(run, ARGV[4], ARGV[5]) then return { 'Stale' } end
if run.cancelled then
  if not live then
    run.tail = reason_tail('Cancelled', 'cancelled')
    run.ended_at = now
    end_run(prefix, name, run_id, run, 'Cancelled')
  end
  return { 'Cancelled' }
end
if live then return { 'Held', tostring(run.lease - now) } end

if run.state == 'Started' then
  -- Its host was lost and the message came again: this body is the next attempt, the old one may not end it.
  local pause, state = judge(prefix, name, run, 'Lost', 'HostLost')
  if not pause then
    run.ended_at = now
    if state == 'Lost' then run.tail = reason_tail('HostLost', 'host ' .. (run.host or '') .. ' was lost') end
    end_run(prefix, name, run_id, run, state)
    return { 'Stale' }
  end
  begin_attempt(run, run.attempt + 1, run.fence, ARGV[6], now, 0, 0)
end
run.state = 'Started'
run.started_at = now
local reply = entered()
tell(prefix, 'record', record_of(prefix, name, run_id, run))
return reply
