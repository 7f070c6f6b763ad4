-- A worker says that it lives, and hears whether it is to drain. (The keys are listed in runs.lua.)
--
-- ARGV[1] prefix, [2] pool, [3] host, [4] runs that it holds ('' when it leaves), [5] '1' when it takes no new ones.
-- Reply: 1 to drain, 0 not to.

local FORGOTTEN_SECONDS = 60 -- the whole pool, when none of its workers lives

local now = server_now()
local workers, host = ARGV[1] .. 'workers:' .. ARGV[2], ARGV[3]
if ARGV[4] == '' then
  redis.call('HDEL', workers, host)
  return 0
end
redis.call('HSET', workers, host, string.format('%.3f', now) .. ' ' .. ARGV[4] .. ' ' .. ARGV[5])
redis.call('EXPIRE', workers, FORGOTTEN_SECONDS)
local asked_until = tonumber(redis.call('HGET', ARGV[1] .. 'draining:' .. ARGV[2], host) or '0')
return asked_until > now and 1 or 0
