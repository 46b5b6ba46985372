-- What bot/src/inbox/book.rs does, as one atomic script. All keys are a bot's own and named here, so that it also works
-- while a cluster moves them.
--
-- commands  hash     m<key>: message; p<key>: phase (w, s, a); l<key>: lane; q<key>: member of queue; t<key>: answer;
--                    e<key>: what the command wrote (storage/redis/scripts.rs); h<key>: recalled lines;
--                    #: number of the last message
-- queue     sorted set, all scores 0: "<lane> <number> <key>"
-- lanes     hash     <lane>: phase (r: something runs, i: idle) and session
-- ready     sorted set of lanes that nobody has, by turn
-- turns     hash     <channel>: its last turn; "": the turn taken last
-- sessions  sorted set by the end of the lease
-- seen      sorted set of keys by the time when they may be forgotten
-- last      hash     <session>: number and outcomes of its last batch
-- further   lists    lines that people typed, the latest first
local commands, queue, lanes, ready, turns, sessions, seen, last = unpack(KEYS)
local session, number, lease, memory, backlog, most = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local remembered, forgotten, first = tonumber(ARGV[7]), ARGV[8], 9
local call = redis.call
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function members(lane)
  return call('ZRANGEBYLEX', queue, '[' .. lane .. ' ', '(' .. lane .. '!')
end

local function key_of(member)
  return string.match(member, '^[^ ]+ [^ ]+ (.*)$')
end

local function channel_of(lane)
  return string.match(lane, '^(.*)/[^/]*$')
end

local function offer(lane)
  local channel = channel_of(lane)
  local turn = math.max((tonumber(call('HGET', turns, channel)) or 0) + 1, tonumber(call('HGET', turns, '')) or 0)
  call('HSET', turns, channel, turn)
  call('ZADD', ready, turn, lane)
end

local function free(is_lost)
  local all, freed = call('HGETALL', lanes), {}
  for i = 1, #all, 2 do
    if is_lost(string.sub(all[i + 1], 2)) then freed[#freed + 1] = all[i] end
  end
  table.sort(freed)
  for _, lane in ipairs(freed) do
    call('HDEL', lanes, lane)
    offer(lane)
  end
end

local function taken(key)
  local recalled = call('HGET', commands, 'h' .. key)
  return {call('HGET', commands, 'm' .. key), call('HGET', commands, 'p' .. key), recalled and cmsgpack.unpack(recalled) or {}}
end

-- Notes a line in the history under `lines`, and returns what is asked for.
local function recall(lines, what, line)
  if what == 'list' then return call('LRANGE', lines, 0, -1) end
  if what == 'repeat' then
    local place = tonumber(line)
    line = place >= 1 and place <= remembered and call('LINDEX', lines, place - 1)
    if not line then return {} end
  end
  call('LREM', lines, 0, line)
  call('LPUSH', lines, line)
  call('LTRIM', lines, 0, remembered - 1)
  call('PEXPIRE', lines, forgotten)
  return what == 'repeat' and {line} or {}
end

-- The first command of an idle lane that has no answer, which runs from now on.
local function next_of(lane)
  for _, member in ipairs(members(lane)) do
    local key = key_of(member)
    if call('HGET', commands, 'p' .. key) ~= 'a' then
      call('HSET', lanes, lane, 'r' .. session)
      return taken(key)
    end
  end
end

-- The lane and its phase of a command that the session has, or else what to answer.
local function held(key)
  local lane = call('HGET', commands, 'l' .. key)
  if not lane then return nil, call('ZSCORE', seen, key) and {'fenced'} or {'missing'} end
  local state = call('HGET', lanes, lane)
  if not state or string.sub(state, 2) ~= session then return nil, {'fenced'} end
  return lane, string.sub(state, 1, 1)
end

local function followed(lane, wanted)
  local following = wanted == '1' and next_of(lane)
  return following and {'next', unpack(following)} or {'next'}
end

local operations = {}

function operations.join() return {'noted'} end

function operations.beat()
  call('ZREMRANGEBYSCORE', seen, '-inf', now)
  if tonumber(call('ZSCORE', sessions, session)) <= now then
    -- Nobody could renew a lease, so nobody's has run out.
    for _, other in ipairs(call('ZRANGE', sessions, 0, -1)) do call('ZADD', sessions, now + lease, other) end
  else
    call('ZADD', sessions, now + lease, session)
  end
  local gone = call('ZRANGEBYSCORE', sessions, '-inf', now)
  if #gone > 0 then
    local is_gone = {}
    for _, other in ipairs(gone) do
      is_gone[other] = true
      call('ZREM', sessions, other)
      call('HDEL', last, other)
    end
    free(function(owner) return is_gone[owner] end)
  end
  return {'noted'}
end

function operations.accept(key, lane, message, run, history, what, line, answer)
  if call('HEXISTS', commands, 'l' .. key) == 1 then return {'duplicate'} end
  local until_ = call('ZSCORE', seen, key)
  if until_ and tonumber(until_) > now then return {'duplicate'} end
  local from, to = '[' .. lane .. ' ', '(' .. lane .. '!'
  local length = call('ZLEXCOUNT', queue, from, to)
  local is_busy = call('ZCARD', queue) >= backlog or length >= most
  local recalled = not is_busy and what ~= '' and recall(KEYS[tonumber(history)], what, line) or {}
  call('ZADD', seen, now + memory, key)
  if is_busy then return {'busy'} end
  -- Only answers are in front of it.
  local last = call('ZREVRANGEBYLEX', queue, to, from, 'LIMIT', 0, 1)[1]
  local is_next = not last or call('HGET', commands, 'p' .. key_of(last)) == 'a'
  local member = string.format('%s %016d %s', lane, call('HINCRBY', commands, '#', 1), key)
  call('HSET', commands, 'm' .. key, message, 'p' .. key, 'w', 'l' .. key, lane, 'q' .. key, member)
  call('ZADD', queue, 0, member)
  if #recalled > 0 then call('HSET', commands, 'h' .. key, cmsgpack.pack(recalled)) end
  local state = call('HGET', lanes, lane)
  if run == '1' and is_next and (length == 0 or state == 'i' .. session) then
    call('HSET', lanes, lane, 'r' .. session)
    if answer then operations.answer(key, answer) end
    return {'run', recalled}
  end
  if length == 0 then offer(lane) end
  return {'queued'}
end

function operations.claim(wanted, ...)
  local except = {}
  for _, channel in ipairs({...}) do except[channel] = true end
  local claims = {'claimed'}
  local left = tonumber(wanted)
  local all = left > 0 and call('ZRANGE', ready, 0, -1, 'WITHSCORES') or {}
  for i = 1, #all, 2 do
    if left == 0 then break end
    local lane, turn = all[i], all[i + 1]
    if not except[channel_of(lane)] then
      left = left - 1
      call('ZREM', ready, lane)
      call('HSET', turns, '', turn)
      call('HSET', lanes, lane, 'i' .. session)
      local answered = {}
      for _, member in ipairs(members(lane)) do
        local key = key_of(member)
        if call('HGET', commands, 'p' .. key) ~= 'a' then break end
        answered[#answered + 1] = {call('HGET', commands, 'm' .. key), call('HGET', commands, 't' .. key)}
      end
      claims[#claims + 1] = {answered, next_of(lane) or {}}
    end
  end
  if call('ZCARD', ready) == 0 then call('DEL', turns) end
  return claims
end

function operations.start(key)
  local lane, phase = held(key)
  if not lane then return phase end
  call('HSET', commands, 'p' .. key, 's')
  return {'noted'}
end

function operations.answer(key, text, wanted)
  local lane, phase = held(key)
  if not lane then return phase end
  call('HSET', commands, 'p' .. key, 'a', 't' .. key, text)
  call('HSET', lanes, lane, 'i' .. session)
  return followed(lane, wanted)
end

function operations.finish(key, wanted)
  local lane, phase = held(key)
  if not lane then return phase end
  local running = call('HGET', commands, 'p' .. key) ~= 'a'
  call('ZREM', queue, call('HGET', commands, 'q' .. key))
  call('HDEL', commands, 'm' .. key, 'p' .. key, 'l' .. key, 'q' .. key, 't' .. key, 'e' .. key, 'h' .. key)
  if call('ZLEXCOUNT', queue, '[' .. lane .. ' ', '(' .. lane .. '!') == 0 then
    call('HDEL', lanes, lane)
    return {'next'}
  end
  if phase == 'r' and not running then return {'next'} end
  call('HSET', lanes, lane, 'i' .. session)
  return followed(lane, wanted)
end

function operations.leave()
  call('ZREM', sessions, session)
  call('HDEL', last, session)
  free(function(owner) return owner == session end)
  return {'noted'}
end

if not call('ZSCORE', sessions, session) then
  if ARGV[first] ~= 'join' then return {'gone'} end
  call('ZADD', sessions, now + lease, session)
end
local repeated = call('HGET', last, session)
if repeated then
  local before = cmsgpack.unpack(repeated)
  if before[1] == number then return before[2] end
end
local outcomes, at = {}, first
while at <= #ARGV do
  local count = tonumber(ARGV[at + 1])
  outcomes[#outcomes + 1] = operations[ARGV[at]](unpack(ARGV, at + 2, at + 1 + count))
  at = at + 2 + count
end
if call('ZSCORE', sessions, session) then call('HSET', last, session, cmsgpack.pack({number, outcomes})) end
return outcomes
