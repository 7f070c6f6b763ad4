-- Slots up to a watermark count as decided; it never goes down. (The keys are listed in runs.lua.)
--
-- ARGV: for each task three: prefix, name, slot (Unix seconds).

for first = 1, #ARGV, 3 do
  redis.call('SADD', NAMESPACES, namespace_of(ARGV[first]))
  raise_watermark(ARGV[first], ARGV[first + 1], tonumber(ARGV[first + 2]))
end
return #ARGV / 3
