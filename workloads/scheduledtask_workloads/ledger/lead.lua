-- A leader shows its number. (The keys are listed in runs.lua.)
--
-- ARGV[1] fence.
-- Reply: the newest fence, which is ARGV[1] unless a newer leader was here.

fence_stands(ARGV[1])
return redis.call('GET', FENCE)
