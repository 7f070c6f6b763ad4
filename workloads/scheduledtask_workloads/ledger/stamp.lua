-- The leader has compared the ledger with its own memory. (The keys are listed in runs.lua.)
--
-- ARGV[1] fence, [2] the server's run_id when the comparing began.
-- Reply: 'F' fenced, 'C' the server changed meanwhile, 'S' stamped.

if not fence_stands(ARGV[1]) then return 'F' end
if server_run_id() ~= ARGV[2] then return 'C' end
redis.call('SET', EPOCH, ARGV[2])
return 'S'
