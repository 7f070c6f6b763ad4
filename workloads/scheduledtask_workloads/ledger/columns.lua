-- What the scripts share that take thousands of runs at a time; it stands behind runs.lua.
--
-- They are given columns with a line for each run, because a client spends more on each argument than Lua does on
-- cutting them; and they write whole hashes at once.

local CHUNK = 4000 -- Lua's stack holds 8,000 values

local function call_with(command, key, values)
  for from = 1, #values, CHUNK do
    redis.call(command, key, unpack(values, from, math.min(from + CHUNK - 1, #values)))
  end
end

-- What a hash has of `fields`, false for nothing.
local function values_of(key, fields)
  local values = {}
  for from = 1, #fields, CHUNK do
    local some = redis.call('HMGET', key, unpack(fields, from, math.min(from + CHUNK - 1, #fields)))
    for offset = 1, #some do values[from + offset - 1] = some[offset] end
  end
  return values
end

-- By name: the newest decided slots, and the open run ids.
local function load_tasks(prefix, names)
  local watermarks, open = {}, {}
  for index, text in ipairs(values_of(prefix .. 'tasks', names)) do
    watermarks[names[index]], open[names[index]] = split_task(text)
  end
  return watermarks, open
end

-- `touched` has the names whose watermark or open runs changed; `runs` and `sweep` are what HSET and ZADD are given.
local function save(prefix, touched, watermarks, open, runs, sweep)
  local tasks = {}
  for name in pairs(touched) do
    tasks[#tasks + 1] = name
    tasks[#tasks + 1] = join_task(watermarks[name], open[name])
  end
  call_with('HSET', prefix .. 'tasks', tasks)
  call_with('HSET', prefix .. 'runs', runs)
  call_with('ZADD', prefix .. 'sweep', sweep)
end

local function lines_of(column)
  local find, sub = string.find, string.sub
  local lines, from, count = {}, 1, 0
  while true do
    local to = find(column, '\n', from, true)
    count = count + 1
    if not to then
      lines[count] = sub(column, from)
      return lines
    end
    lines[count] = sub(column, from, to - 1)
    from = to + 1
  end
end
