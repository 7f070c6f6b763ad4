-- Keeps the leases of light attempts, by the thousand. (The keys are listed in runs.lua.)
--
-- ARGV[1] lease_seconds, then for each namespace five: prefix, and four columns with a line for each attempt: name,
-- run_id, attempt, fence.
-- Reply: one letter an attempt: 'O' ok, 'G' gone (ended, or another attempt's turn), 'C' cancelled.

local until_server_seconds = server_now() + tonumber(ARGV[1])
local lease = string.format('%.3f', until_server_seconds)
local member = '"lease":' .. lease

-- Only the number is written anew: encoding the run would take most of the time here. A user's text can't be meant,
-- because within a JSON string each quote has a backslash before it.
local function with_lease(line, run)
  if not run.lease then
    run.lease = until_server_seconds
    return cjson.encode(run)
  end
  return (string.gsub(line, '"lease":[^,}]+', member, 1))
end

local function renew_namespace(prefix, first, reply)
  local names, run_ids = lines_of(ARGV[first]), lines_of(ARGV[first + 1])
  local attempts, fences = lines_of(ARGV[first + 2]), lines_of(ARGV[first + 3])
  local fields, runs, sweep = {}, {}, {}
  for index, name in ipairs(names) do fields[index] = name .. '|' .. run_ids[index] end
  for index, text in ipairs(values_of(prefix .. 'runs', fields)) do
    local ends = text and string.find(text, '\n', 1, true)
    local line = text and string.sub(text, 1, ends - 1)
    local run = text and cjson.decode(line)
    if not run or not is_current(run, attempts[index], fences[index]) then
      reply[#reply + 1] = 'G'
    else
      reply[#reply + 1] = run.cancelled and 'C' or 'O'
      runs[#runs + 1] = fields[index]
      runs[#runs + 1] = with_lease(line, run) .. string.sub(text, ends)
      sweep[#sweep + 1] = lease
      sweep[#sweep + 1] = fields[index]
    end
  end
  call_with('HSET', prefix .. 'runs', runs)
  call_with('ZADD', prefix .. 'sweep', sweep)
end

local reply = {}
for at = 2, #ARGV, 5 do renew_namespace(ARGV[at], at + 1, reply) end
return table.concat(reply)
