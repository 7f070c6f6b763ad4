-- Workers of a pool are asked to take no new runs, and only these. (The keys are listed in runs.lua.)
--
-- ARGV[1] prefix, [2] pool, [3] for how many seconds, then the hosts.

local draining = ARGV[1] .. 'draining:' .. ARGV[2]
local asked_until = string.format('%.3f', server_now() + tonumber(ARGV[3]))
redis.call('DEL', draining)
for at = 4, #ARGV do redis.call('HSET', draining, ARGV[at], asked_until) end
redis.call('EXPIRE', draining, math.ceil(tonumber(ARGV[3])))
