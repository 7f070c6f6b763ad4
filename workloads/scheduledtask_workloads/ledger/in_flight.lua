-- A part of a namespace's runs that have not ended. (The keys are listed in runs.lua.)
--
-- ARGV[1] prefix, [2] cursor ('0' to begin), [3] about how many.
-- Reply: the next cursor ('0' at the end), then the RunRecords as JSON. One that is there all the time is in some part.

local prefix = ARGV[1]
local part = redis.call('HSCAN', prefix .. 'runs', ARGV[2], 'COUNT', ARGV[3])
local reply = { part[1] }
for at = 1, #part[2], 2 do
  local name, run_id = string.match(part[2][at], '^([^|]*)|(.*)$')
  local text = part[2][at + 1]
  local run = cjson.decode(string.sub(text, 1, string.find(text, '\n', 1, true) - 1))
  reply[#reply + 1] = record_of(prefix, name, run_id, run)
end
return reply
