-- Hosts report how attempts ended; final record or Waiting is decided here. (The keys are listed in runs.lua.)
--
-- ARGV: for each report fifteen: prefix, name, run_id, attempt, fence, state, reason, started_at ('' unknown), ended_at,
-- host, peak_memory_bytes ('' unknown), tail (JSON members: reason, message, result, output),
-- memory (JSON of the run, or ''), order (JSON, or ''), server (run_id that the host last spoke to, or '').
-- Reply: for each report its RunRecord as JSON, '' when the attempt was no longer the current one.

local now = server_now()

-- The same report again, because the reply was lost: the record as it was then.
local function told_before(prefix, name, run_id, attempt, run)
  if run then
    return run.state == 'Waiting' and run.attempt == tonumber(attempt) and record_of(prefix, name, run_id, run) or ''
  end
  local record = ended_record(prefix, name, run_id)
  local start = record_start(run_id) .. '"attempts":' .. attempt .. ','
  return record and string.sub(record, 1, #start) == start and record or ''
end

local function finish(first)
  local prefix, name, run_id, attempt, fence = unpack(ARGV, first, first + 4)
  local run, order = load_run(prefix, name, run_id)
  if not run then
    run, order = recall_run(prefix, name, run_id, ARGV[first + 12], ARGV[first + 13], ARGV[first + 14])
  end
  if not run or not is_current(run, attempt, fence) then return told_before(prefix, name, run_id, attempt, run) end
  return conclude(prefix, name, run_id, run, order, {
    state = ARGV[first + 5], reason = ARGV[first + 6], started_at = tonumber(ARGV[first + 7]),
    ended_at = tonumber(ARGV[first + 8]), host = ARGV[first + 9], peak = tonumber(ARGV[first + 10]),
    tail = ARGV[first + 11],
  }, now)
end

local reply = {}
for first = 1, #ARGV, 15 do reply[#reply + 1] = finish(first) end
return reply
