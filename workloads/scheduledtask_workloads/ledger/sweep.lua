-- Makes the next attempts. (The keys are listed in runs.lua.)
--
-- ARGV[1] fence, [2] host, [3] lease_seconds, [4] patience_seconds, then for each run five: prefix, name, run_id, attempt
-- as it was seen, '1' when its message was seen in the pool.
-- Reply: 'F' fenced, 'E' epoch missing, else a list: for each next attempt five: namespace, name, run_id, the run as JSON,
-- the order.

if not fence_stands(ARGV[1]) then return 'F' end
if not epoch_stands() then return 'E' end

local now = server_now()
local lease_seconds, patience_seconds = tonumber(ARGV[3]), tonumber(ARGV[4])

local function end_as(prefix, name, run_id, run, state, reason, message)
  run.ended_at = now
  run.tail = run.tail or reason_tail(reason, message)
  end_run(prefix, name, run_id, run, state)
  return false
end

local function lost(prefix, name, run_id, run, reason)
  local message = 'the lease of host ' .. (run.host or '') .. ' lapsed'
  run.tail = nil
  local pause, state = judge(prefix, name, run, 'Lost', reason)
  if pause then return true end
  return end_as(prefix, name, run_id, run, state, reason, message)
end

-- Whether the next attempt shall be made; ends the run, or sets when to look again, if not.
local function wants_next(prefix, name, run_id, run, in_pool)
  if run.state == 'Waiting' then
    if run.retry_at <= now then return true end
    look_again(prefix, name, run_id, run.retry_at)
    return false
  end
  if run.lease and run.lease > now then
    look_again(prefix, name, run_id, run.lease)
    return false
  end
  if run.state == 'Started' then return lost(prefix, name, run_id, run, 'HostLost') end
  if run.class == 'Light' then return lost(prefix, name, run_id, run, 'Interrupted') end
  local at = redis.call('ZSCORE', prefix .. 'sweep', name .. '|' .. run_id)
  if at and tonumber(at) > now then return false end
  if not in_pool then return true end
  look_again(prefix, name, run_id, now + patience_seconds)
  return false
end

local function sweep(prefix, name, run_id, attempt, in_pool, reply)
  local run, order = load_run(prefix, name, run_id)
  if not run or run.attempt ~= tonumber(attempt) then return end
  if not wants_next(prefix, name, run_id, run, in_pool == '1') then return end
  local again = begin_attempt(run, run.attempt + 1, ARGV[1], ARGV[2], now, lease_seconds, patience_seconds)
  save_run(prefix, name, run_id, run, order)
  look_again(prefix, name, run_id, again)
  for _, value in ipairs({ namespace_of(prefix), name, run_id, cjson.encode(run), order }) do
    reply[#reply + 1] = value
  end
end

local reply = {}
for first = 5, #ARGV, 5 do
  sweep(ARGV[first], ARGV[first + 1], ARGV[first + 2], ARGV[first + 3], ARGV[first + 4], reply)
end
return reply
