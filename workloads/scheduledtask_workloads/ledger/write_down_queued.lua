-- Light runs that were admitted while the server did not answer and have not begun. (The keys are listed in runs.lua.)
--
-- ARGV[1] fence of the leader, [2] lease_seconds, [3] host that admitted them, then for each namespace eight: prefix, and
-- seven columns with a line for each run, none of them a request: name, run_id, slot, fence it was admitted under,
-- admitted_at, constants (JSON members of the run), order (JSON).
-- Reply: 'F' fenced, else one letter a run: 'O' ok, 'G' gone (the ledger knows of a later attempt or of its end).

if not fence_stands(ARGV[1]) then return 'F' end

local host = cjson.encode(ARGV[3])
local until_server_seconds = server_now() + tonumber(ARGV[2])
local lease = string.format('%.3f', until_server_seconds)
local start = '{"state":"Dispatched","attempt":1,"by":' .. host .. ',"host":' .. host .. ',"lease":' .. lease .. ',"fence":'

-- A slot that was decided: the run may be open, because the server admitted it and the reply was lost; or have ended;
-- or its slot was passed over together with later ones.
local function known_run(prefix, name, run_id, fence)
  local run, order = load_run(prefix, name, run_id)
  if run then
    if not is_current(run, 1, fence) then return 'G' end
    run.lease = until_server_seconds
    if run.state == 'Admitted' then run.state = 'Dispatched' end
    return 'O', cjson.encode(run) .. '\n' .. order
  end
  if ended_record(prefix, name, run_id) then return 'G' end
  return 'O', nil
end

local function write_namespace(prefix, first, reply)
  local names, run_ids, slots = lines_of(ARGV[first]), lines_of(ARGV[first + 1]), lines_of(ARGV[first + 2])
  local fences, instants = lines_of(ARGV[first + 3]), lines_of(ARGV[first + 4])
  local constants, orders = lines_of(ARGV[first + 5]), lines_of(ARGV[first + 6])
  local watermarks, open = load_tasks(prefix, names)
  local touched, runs, sweep = {}, {}, {}
  for index, name in ipairs(names) do
    local run_id, slot = run_ids[index], tonumber(slots[index])
    local letter, text = 'O', nil
    if slot <= watermarks[name] then letter, text = known_run(prefix, name, run_id, fences[index]) end
    if letter == 'O' then
      text = text or start .. fences[index] .. ',"admitted_at":' .. instants[index] .. ',"slot":' .. slots[index] .. ','
        .. constants[index] .. '}\n' .. orders[index]
      runs[#runs + 1] = name .. '|' .. run_id
      runs[#runs + 1] = text
      sweep[#sweep + 1] = lease
      sweep[#sweep + 1] = name .. '|' .. run_id
      touched[name] = true
      watermarks[name] = math.max(watermarks[name], slot)
      if not string.find(' ' .. open[name], ' ' .. run_id .. ' ', 1, true) then open[name] = open[name] .. run_id .. ' ' end
    end
    reply[#reply + 1] = letter
  end
  save(prefix, touched, watermarks, open, runs, sweep)
end

local reply = {}
for at = 4, #ARGV, 8 do
  redis.call('SADD', NAMESPACES, namespace_of(ARGV[at]))
  write_namespace(ARGV[at], at + 1, reply)
end
return table.concat(reply)
