-- Cancels one run, or the queued runs of a deleted task. (The keys are listed in runs.lua.)
--
-- ARGV[1] prefix, [2] name, [3] run_id, or '' when the task was deleted.
-- Reply: for one run 'U' unknown, 'E' ended at once, 'F' flagged: its host ends it; for a task how many were ended.
-- A light run that was handed to the runners may already run, so it counts as started.

local prefix, name = ARGV[1], ARGV[2]

local function is_queued(run)
  return run.state == 'Waiting' or run.state == 'Admitted' or (run.state == 'Dispatched' and run.class == 'Heavy')
end

local function end_queued(run_id, run, message)
  run.ended_at = server_now()
  run.tail = reason_tail('Cancelled', message)
  end_run(prefix, name, run_id, run, 'Cancelled')
end

local function cancel_run(run_id)
  local run, order = load_run(prefix, name, run_id)
  if not run then return 'U' end
  if is_queued(run) then
    end_queued(run_id, run, 'cancelled before it started')
    return 'E'
  end
  run.cancelled = true
  save_run(prefix, name, run_id, run, order)
  return 'F'
end

local function cancel_task()
  local _, open = load_task(prefix, name)
  if open == '' then
    forget_task(prefix, name)
    return 0
  end
  redis.call('SADD', prefix .. 'removed', name)
  local ended = 0
  for run_id in string.gmatch(open, '[^ ]+') do
    local run = load_run(prefix, name, run_id)
    if run and is_queued(run) then
      end_queued(run_id, run, 'its ScheduledTask was deleted')
      ended = ended + 1
    end
  end
  return ended
end

if ARGV[3] ~= '' then return cancel_run(ARGV[3]) end
return cancel_task()
