-- Decides a slice of slots and requests. (The keys are listed in runs.lua.)
--
-- ARGV[1] fence, [2] host that claims, [3] lease_seconds, [4] patience_seconds, [5] now (Unix seconds), then for each
-- namespace: prefix, number of claims, and for each claim seven: name, run_id, slot (Unix seconds, '' for a request),
-- limit (of open runs; 0 none, -1 the starting deadline has passed), kind (L or H), constants (JSON members of the run),
-- order (JSON).
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
local CHUNK = 4000 -- Lua's stack holds 8,000 values

local function call_with(command, key, values)
  for from = 1, #values, CHUNK do
    redis.call(command, key, unpack(values, from, math.min(from + CHUNK - 1, #values)))
  end
end

local function look_up(key, names)
  local found = {}
  for from = 1, #names, CHUNK do
    local to = math.min(from + CHUNK - 1, #names)
    for offset, value in ipairs(redis.call('HMGET', key, unpack(names, from, to))) do
      found[names[from + offset - 1]] = value
    end
  end
  return found
end

local function count_open(open)
  if not open then return 0 end
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

local function decide_namespace(prefix, first, count, reply)
  local names = {}
  for claim = 0, count - 1 do names[claim + 1] = ARGV[first + claim * 7] end
  local watermarks, open = look_up(prefix .. 'watermarks', names), look_up(prefix .. 'open', names)
  local any_removed = redis.call('SCARD', prefix .. 'removed') > 0
  local new_watermarks, new_open, runs, orders, sweep = {}, {}, {}, {}, {}
  for claim = 0, count - 1 do
    local at = first + claim * 7
    local name, run_id, slot, limit = ARGV[at], ARGV[at + 1], ARGV[at + 2], tonumber(ARGV[at + 3])
    local field, verdict = name .. '|' .. run_id, 'A'
    local decided
    if slot == '' then
      decided = request_decided(prefix, field)
    else
      decided = watermarks[name] and tonumber(slot) <= tonumber(watermarks[name])
    end
    if decided then
      -- A run of this very slice is not yet written, and its twin is no resent claim.
      verdict = is_resent(prefix, name, run_id) and 'A' or 'D'
    else
      if slot ~= '' then
        watermarks[name] = slot
        new_watermarks[name] = slot
      end
      if limit < 0 then
        verdict = 'L'
      elseif limit > 0 and count_open(open[name]) >= limit then
        verdict = 'O'
      else
        open[name] = (open[name] or '') .. run_id .. ' '
        new_open[name] = open[name]
        local is_light = ARGV[at + 4] == 'L'
        local number = slot == '' and '' or '"slot":' .. slot .. ','
        runs[#runs + 1] = field
        runs[#runs + 1] = (is_light and light or heavy) .. number .. ARGV[at + 5] .. '}'
        orders[#orders + 1] = field
        orders[#orders + 1] = ARGV[at + 6]
        sweep[#sweep + 1] = is_light and lease or patience
        sweep[#sweep + 1] = field
        if any_removed then redis.call('SREM', prefix .. 'removed', name) end
      end
      if verdict ~= 'A' and slot ~= '' then
        tell_skipped(prefix, name, verdict == 'L' and 'StartingDeadlineExceeded' or 'Overlap', 1, tonumber(slot))
      end
    end
    reply[#reply + 1] = verdict
  end
  local pairs_of = { watermarks = new_watermarks, open = new_open }
  for key, values in pairs(pairs_of) do
    local flat = {}
    for name, value in pairs(values) do
      flat[#flat + 1] = name
      flat[#flat + 1] = value
    end
    call_with('HSET', prefix .. key, flat)
  end
  call_with('HSET', prefix .. 'runs', runs)
  call_with('HSET', prefix .. 'orders', orders)
  call_with('ZADD', prefix .. 'sweep', sweep)
end

local reply, at = {}, 6
while at <= #ARGV do
  local prefix, count = ARGV[at], tonumber(ARGV[at + 1])
  redis.call('SADD', KEYS[3], namespace_of(prefix))
  decide_namespace(prefix, at + 2, count, reply)
  at = at + 2 + count * 7
end
return table.concat(reply)
