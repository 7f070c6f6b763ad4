-- Slots that were decided without a run. (The keys are listed in runs.lua.)
--
-- ARGV[1] fence, then for each decision five: prefix, name, reason, count, last slot (Unix seconds).
-- Reply: 'F' fenced, else 'S'. A decision whose last slot is not above the watermark was made before and is not told.

if not fence_stands(ARGV[1]) then return 'F' end
for first = 2, #ARGV, 5 do
  local prefix, name, last_slot = ARGV[first], ARGV[first + 1], tonumber(ARGV[first + 4])
  if raise_watermark(prefix, name, last_slot) then
    redis.call('SADD', NAMESPACES, namespace_of(prefix))
    tell_skipped(prefix, name, ARGV[first + 2], tonumber(ARGV[first + 3]), last_slot)
  end
end
return 'S'
