-- What every script of the ledger shares; it stands before each of them.
--
-- KEYS is empty: the names follow from the namespace's prefix, so this is not for a Redis Cluster; and a key that a
-- script declares has to be writable, which the epoch is not for workers.
--
--   scheduledtask:epoch       string: the server's run_id when the leader last compared
--   scheduledtask:fence       string: the newest leader's number (the leader's scripts only)
--   scheduledtask:namespaces  set: every namespace that has keys (the leader's scripts only)
--
-- Keys of one namespace, below its prefix (`scheduledtask:ns:NAMESPACE:`); RUN stands for `name|run_id`:
--   tasks           hash, name → newest decided slot (Unix seconds, -1 none), a space, and the run ids that have not
--                   ended, each followed by a space
--   runs            hash, RUN → a line of JSON and the order, JSON too, which is never decoded here. The line: state, attempt, fence, class, slot, retry {limit, backoff, max_backoff, on_lost},
--                   keep (history), pool, depth (of triggers), failures, losses, admitted_at, started_at, ended_at, retry_at,
--                   lease (server's Unix seconds), by (who claimed), host, entry (who entered), cancelled, peak, tail (JSON members)
--   sweep           sorted set, RUN by when the leader must look again (server's Unix seconds)
--   removed         set, names whose task was deleted while runs were open
--   asked           sorted set, RUN of requests by when they were decided
--   feed            stream, trimmed: `record` (RunRecord) or `skipped` (SlotsSkipped) as JSON
--   workers:POOL    hash, a worker's host → when it was last heard (server's Unix seconds), its runs, '1' when it drains
--   draining:POOL   hash, a worker's host → until when it is asked to take no new runs (server's Unix seconds)
--   history:NAME    list, newest first: final RunRecords as JSON
--
-- Numbers of users' results never pass through cjson: a report's members are spliced in as Python wrote them.

local EPOCH, FENCE, NAMESPACES = 'scheduledtask:epoch', 'scheduledtask:fence', 'scheduledtask:namespaces'
local FEED_LENGTH = 20000 -- two bursts of 5,000 runs, each with a start and an end

local function server_now()
  local time = redis.call('TIME')
  return tonumber(time[1]) + tonumber(time[2]) / 1000000
end

local function server_run_id()
  return string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
end

local function epoch_stands()
  return redis.call('GET', EPOCH) == server_run_id()
end

-- An older fence is refused; a newer one shows a newer leader.
local function fence_stands(fence)
  local stored = tonumber(redis.call('GET', FENCE) or '0')
  if tonumber(fence) > stored then redis.call('SET', FENCE, fence) end
  return tonumber(fence) >= stored
end

-- The run, and its order.
local function load_run(prefix, name, run_id)
  local text = redis.call('HGET', prefix .. 'runs', name .. '|' .. run_id)
  if not text then return nil end
  local line = string.find(text, '\n', 1, true)
  return cjson.decode(string.sub(text, 1, line - 1)), string.sub(text, line + 1)
end

local function save_run(prefix, name, run_id, run, order)
  redis.call('HSET', prefix .. 'runs', name .. '|' .. run_id, cjson.encode(run) .. '\n' .. order)
end

local function look_again(prefix, name, run_id, at)
  redis.call('ZADD', prefix .. 'sweep', string.format('%.3f', at), name .. '|' .. run_id)
end

-- The newest decided slot (-1 none) and the open run ids of a task, as the hash `tasks` has them.
local function split_task(text)
  if not text then return -1, '' end
  local space = string.find(text, ' ', 1, true)
  return tonumber(string.sub(text, 1, space - 1)), string.sub(text, space + 1)
end

local function load_task(prefix, name)
  return split_task(redis.call('HGET', prefix .. 'tasks', name))
end

local function join_task(watermark, open)
  return string.format('%d', watermark) .. ' ' .. open
end

local function save_task(prefix, name, watermark, open)
  redis.call('HSET', prefix .. 'tasks', name, join_task(watermark, open))
end

-- Raises it and returns true, or leaves it where it is.
local function raise_watermark(prefix, name, slot)
  local watermark, open = load_task(prefix, name)
  if slot <= watermark then return false end
  save_task(prefix, name, slot, open)
  return true
end

local function open_add(prefix, name, run_id)
  local watermark, open = load_task(prefix, name)
  if string.find(' ' .. open, ' ' .. run_id .. ' ', 1, true) then return end
  save_task(prefix, name, watermark, open .. run_id .. ' ')
end

-- Returns whether the task has no open run any more.
local function open_remove(prefix, name, run_id)
  local watermark, open = load_task(prefix, name)
  local from, to = string.find(' ' .. open, ' ' .. run_id .. ' ', 1, true)
  if from then
    open = string.sub(open, 1, from - 1) .. string.sub(open, to)
    save_task(prefix, name, watermark, open)
  end
  return open == ''
end

local function is_removed(prefix, name)
  return redis.call('SISMEMBER', prefix .. 'removed', name) == 1
end

-- The last key of a deleted task goes with its last run.
local function forget_task(prefix, name)
  redis.call('HDEL', prefix .. 'tasks', name)
  redis.call('DEL', prefix .. 'history:' .. name)
  redis.call('SREM', prefix .. 'removed', name)
end

local function reason_tail(reason, message)
  return '"reason":' .. cjson.encode(reason) .. ',"message":' .. cjson.encode(message)
end

local function namespace_of(prefix)
  return string.match(prefix, '^scheduledtask:ns:(.*):$')
end

-- How a record begins, so that it is found without decoding the results of users.
local function record_start(run_id)
  return '{"run_id":' .. cjson.encode(run_id) .. ','
end

-- A RunRecord as JSON.
local function record_of(prefix, name, run_id, run)
  local members = cjson.encode({
    namespace = namespace_of(prefix), name = name, task_class = run.class, state = run.state,
    slot_epoch_seconds = run.slot, failures = run.failures or 0, losses = run.losses or 0,
    trigger_depth = run.depth, admitted_at = run.admitted_at, started_at = run.started_at, ended_at = run.ended_at, retry_at = run.retry_at,
    peak_memory_bytes = run.peak, host = run.host or '',
  })
  local tail = run.tail and ',' .. run.tail or ''
  return record_start(run_id) .. '"attempts":' .. run.attempt .. ',' .. string.sub(members, 2, -2) .. tail .. '}'
end

local function tell(prefix, kind, json)
  redis.call('XADD', prefix .. 'feed', 'MAXLEN', '~', FEED_LENGTH, '*', kind, json)
end

local function tell_skipped(prefix, name, reason, count, last_slot)
  tell(prefix, 'skipped', cjson.encode({
    namespace = namespace_of(prefix), name = name, reason = reason, count = count,
    last_slot_epoch_seconds = last_slot,
  }))
end

local function end_run(prefix, name, run_id, run, state)
  local field = name .. '|' .. run_id
  run.state = state
  run.retry_at = nil
  local record = record_of(prefix, name, run_id, run)
  redis.call('HDEL', prefix .. 'runs', field)
  redis.call('ZREM', prefix .. 'sweep', field)
  if run.keep > 0 then
    redis.call('LPUSH', prefix .. 'history:' .. name, record)
    redis.call('LTRIM', prefix .. 'history:' .. name, 0, run.keep - 1)
  end
  tell(prefix, 'record', record)
  if open_remove(prefix, name, run_id) and is_removed(prefix, name) then forget_task(prefix, name) end
  return record
end

-- Seconds until the next attempt, nil when there is none. Counts the failure or the loss.
local function pause_before_next(run, state, reason)
  if state == 'Failed' or state == 'TimedOut' then
    run.failures = (run.failures or 0) + 1
    if run.failures > run.retry.limit then return nil end
    return math.min(run.retry.max_backoff, run.retry.backoff * 2 ^ (run.failures - 1))
  elseif state == 'Lost' and reason ~= 'Interrupted' then
    run.losses = (run.losses or 0) + 1
    if run.losses > run.retry.on_lost then return nil end
    return 0
  elseif state == 'Lost' then
    return 0
  end
  return nil
end

-- The only place that decides whether an attempt was the last one. Returns the pause, or nil and the final state.
local function judge(prefix, name, run, state, reason)
  local pause = pause_before_next(run, state, reason)
  if not run.cancelled and not (pause and is_removed(prefix, name)) then return pause, state end
  if state ~= 'Lost' then return nil, state end
  run.tail = reason_tail('Cancelled', 'cancelled, and its host was lost')
  return nil, 'Cancelled'
end

-- An attempt has ended: Waiting for the next one, or final. Returns the record.
local function conclude(prefix, name, run_id, run, order, report, now)
  run.started_at = report.started_at or run.started_at
  run.ended_at = report.ended_at
  run.peak = report.peak
  run.tail = report.tail
  run.lease = nil
  run.entry = nil
  if report.host ~= '' then run.host = report.host end
  local pause, state = judge(prefix, name, run, report.state, report.reason)
  if not pause then return end_run(prefix, name, run_id, run, state) end
  run.state = 'Waiting'
  run.retry_at = now + pause
  save_run(prefix, name, run_id, run, order)
  look_again(prefix, name, run_id, run.retry_at)
  local record = record_of(prefix, name, run_id, run)
  tell(prefix, 'record', record)
  return record
end

-- The final record of a run that has ended, while the history still has it.
local function ended_record(prefix, name, run_id)
  local start = record_start(run_id)
  for _, record in ipairs(redis.call('LRANGE', prefix .. 'history:' .. name, 0, -1)) do
    if string.sub(record, 1, #start) == start then return record end
  end
  return nil
end

local function create_run(prefix, name, run_id, run, order)
  open_add(prefix, name, run_id)
  if run.slot then raise_watermark(prefix, name, run.slot) end
  save_run(prefix, name, run_id, run, order)
end

-- What a host remembers of a run that the server lost: written again when the server is another one than the host
-- last spoke to, and neither the run nor its end is known.
local function recall_run(prefix, name, run_id, memory, order, known_server)
  if memory == '' or known_server == server_run_id() then return nil end
  if ended_record(prefix, name, run_id) then return nil end
  local run = cjson.decode(memory)
  create_run(prefix, name, run_id, run, order)
  return run, order
end

local function is_current(run, attempt, fence)
  return run.attempt == tonumber(attempt) and run.fence == tonumber(fence) and run.state ~= 'Waiting'
end

-- Light attempts live by their host's lease from admission on, heavy ones once they are entered.
local function begin_attempt(run, attempt, fence, host, now, lease_seconds, patience_seconds)
  run.state, run.attempt, run.fence, run.admitted_at = 'Admitted', attempt, tonumber(fence), now
  run.started_at, run.ended_at, run.retry_at, run.peak, run.tail, run.entry = nil, nil, nil, nil, nil, nil
  run.lease, run.host = nil, nil
  if run.class ~= 'Light' then return now + patience_seconds end
  run.lease, run.host = now + lease_seconds, host
  return run.lease
end
