-- Decides a slice of slots and requests. (The keys are listed in runs.lua.)
--
-- ARGV[1] fence, [2] host that claims, [3] lease_seconds, [4] patience_seconds, [5] now (Unix seconds), then for each
-- namespace eight: prefix, and seven columns with a line for each claim: name, run_id, slot (Unix seconds, '' for a
-- request), limit (of open runs; 0 none, -1 the starting deadline has passed), kind (L or H), constants (JSON members of
-- the run), order (JSON). Columns, because a client spends more on each argument than Lua does on cutting them.
-- Reply: 'F' fenced, 'E' epoch missing, else one letter a claim: A admitted, D already decided, O overlap, L too late.

local ASKED_SECONDS = 86400 -- how long a request that ended is remembered

if not fence_stands(ARGV[1]) then return 'F' end
if not epoch_stands() then return 'E' end

local fence, host, now = ARGV[1], ARGV[2], ARGV[5]
local server = server_now()
local lease = string.format('%.3f', server + tonumber(ARGV[3]))
local patience = string.format('%.3f', server + tonumber(ARGV[4]))
local before = '{"state":"Admitted","attempt":1,"fence":' .. fence .. ',"admitted_at":' .. now .. ',"by":' .. cjson.encode(host)
local light = before .. ',"lease":' .. lease .. ',"host":' .. cjson.encode(host) .. ','
local heavy = before .. ','
local function count_open(open)
  if open == '' then return 0 end
  local _, count = string.gsub(open, ' ', '')
  return count
end

-- The same claim sent again because the reply was lost.
local function is_resent(prefix, name, run_id)
  local run = load_run(prefix, name, run_id)
  return run and run.state == 'Admitted' and run.by == host and is_current(run, 1, fence)
end

local function request_decided(prefix, field)
  redis.call('ZREMRANGEBYSCORE', prefix .. 'asked', '-inf', server - ASKED_SECONDS)
  return redis.call('ZADD', prefix .. 'asked', 'NX', string.format('%.3f', server), field) == 0
end

local function decide_namespace(prefix, first, reply)
  local names, run_ids, slots = lines_of(ARGV[first]), lines_of(ARGV[first + 1]), lines_of(ARGV[first + 2])
  local limits, kinds = lines_of(ARGV[first + 3]), lines_of(ARGV[first + 4])
  local constants, orders = lines_of(ARGV[first + 5]), lines_of(ARGV[first + 6])
  local watermarks, open = load_tasks(prefix, names)
  local any_removed = redis.call('SCARD', prefix .. 'removed') > 0
  local touched, runs, sweep = {}, {}, {}
  for claim, name in ipairs(names) do
    local run_id, slot, limit = run_ids[claim], slots[claim], tonumber(limits[claim])
    local field, verdict = name .. '|' .. run_id, 'A'
    local decided
    if slot == '' then
      decided = request_decided(prefix, field)
    else
      decided = tonumber(slot) <= watermarks[name]
    end
    if decided then
      -- A run of this very slice is not yet written, and its twin is no resent claim.
      verdict = is_resent(prefix, name, run_id) and 'A' or 'D'
    else
      touched[name] = true
      if slot ~= '' then watermarks[name] = tonumber(slot) end
      if limit < 0 then
        verdict = 'L'
      elseif limit > 0 and count_open(open[name]) >= limit then
        verdict = 'O'
      else
        open[name] = open[name] .. run_id .. ' '
        local is_light = kinds[claim] == 'L'
        local number = slot == '' and '' or '"slot":' .. slot .. ','
        runs[#runs + 1] = field
        runs[#runs + 1] = (is_light and light or heavy) .. number .. constants[claim] .. '}\n' .. orders[claim]
        sweep[#sweep + 1] = is_light and lease or patience
        sweep[#sweep + 1] = field
        if any_removed then redis.call('SREM', prefix .. 'removed', name) end
      end
      if verdict ~= 'A' and slot == '' then
        redis.call('ZREM', prefix .. 'asked', field) -- asked again, it may be answered otherwise
      elseif verdict ~= 'A' then
        tell_skipped(prefix, name, verdict == 'L' and 'StartingDeadlineExceeded' or 'Overlap', 1, tonumber(slot))
      end
    end
    reply[#reply + 1] = verdict
  end
  save(prefix, touched, watermarks, open, runs, sweep)
end

local reply = {}
for at = 6, #ARGV, 8 do
  redis.call('SADD', NAMESPACES, namespace_of(ARGV[at]))
  decide_namespace(ARGV[at], at + 1, reply)
end
return table.concat(reply)
