-- What all scripts share; it stands before each of them. Those of app/bus are the only ones who write what they read.
--
-- connect:run            what tells whether Redis forgot all since
-- connect:nodes          set: the nodes that nobody took for dead
-- connect:node:<node>    hash, for as long as its lease lasts: token, epoch, about (JSON)
-- connect:rooms:<node>   set: "<slot> <room>" for each part of the node
-- connect:room:<room>    hash: run, incarnation, seq, parts; f<part>|<key>: a fact; c<key>: something common
-- connect:tail:<room>    stream: what was said, <incarnation>-<seq>; for those who missed it
--
-- Who writes: the node, the token of its registration, the run of Redis that it knows. For how many milliseconds rooms
-- are kept that nobody refreshes. And what the names of channels begin with (see app/bus/channels.py).
local NODE, TOKEN, RUN, TTL, CHANNELS = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local LONGEST_TAIL = 1000

local function room_key(room) return 'connect:room:' .. room end
local function tail_key(room) return 'connect:tail:' .. room end
local function node_key(node) return 'connect:node:' .. node end
local function rooms_key(node) return 'connect:rooms:' .. node end
local function node_of(part) return string.match(part, '^(.*)/') end

-- Microseconds since 1970.
local function now()
    local time = redis.call('TIME')
    return string.format('%.0f', time[1] * 1000000 + time[2])
end

-- Somebody else registered as this node, or its lease is over: it has to register again before it may write.
local function is_fenced()
    return redis.call('HGET', node_key(NODE), 'token') ~= TOKEN
end

-- What Redis read from its disk is of another life: it is forgotten when somebody comes upon it.
local function state_of(room)
    local found = redis.call('HMGET', room_key(room), 'run', 'incarnation', 'seq', 'parts')
    if found[1] ~= RUN then
        redis.call('DEL', room_key(room), tail_key(room))
        return nil
    end
    local state = {incarnation = found[2], seq = found[3], parts = {}}
    for part in string.gmatch(found[4], '%S+') do table.insert(state.parts, part) end
    return state
end

local function position_of(state, part)
    for index, other in ipairs(state.parts) do
        if other == part then return index end
    end
    return nil
end

local function keep_parts(room, state)
    redis.call('HSET', room_key(room), 'parts', table.concat(state.parts, ' '))
end

-- Say something to all parts but the one who says it, or to one. Each node of the room gets the number, so that it
-- sees whether it missed something; the rest only where there is somebody to hear it.
local function tell(room, state, from, to, said)
    local hears, is_alone = {}, true
    for _, part in ipairs(state.parts) do
        local node = node_of(part)
        local is_meant = part ~= from and (to == '' or to == part)
        hears[node] = hears[node] or is_meant
        is_alone = is_alone and part == from
    end
    if is_alone then return end
    state.seq = redis.call('HINCRBY', room_key(room), 'seq', 1)
    local position = state.incarnation .. '-' .. state.seq
    redis.call('XADD', tail_key(room), 'MAXLEN', '~', LONGEST_TAIL, position, 's', said)
    redis.call('PEXPIRE', tail_key(room), TTL)
    local head = 'e ' .. state.incarnation .. ' ' .. state.seq .. ' ' .. #room .. '\n' .. room
    for node, does_hear in pairs(hears) do
        redis.call('PUBLISH', CHANNELS .. 'to:' .. node, does_hear and head .. said or head)
    end
end

local function facts_of(room, part)
    local prefix, fields = 'f' .. part .. '|', {}
    for _, field in ipairs(redis.call('HKEYS', room_key(room))) do
        if string.sub(field, 1, #prefix) == prefix then table.insert(fields, field) end
    end
    return fields
end

-- Read a batch (see app/bus/batch.py), but for its words.
local function read_batch(said)
    local at = 1
    local function take()
        local colon = string.find(said, ':', at, true)
        local length = tonumber(string.sub(said, at, colon - 1))
        at = colon + 1 + length
        return string.sub(said, colon + 1, colon + length)
    end
    local batch = {part = take(), is_whole = take() == 'whole', put = {}, drop = {}, common = {}}
    for _ = 1, tonumber(take()) do
        local name = take()
        batch.put[name] = take()
    end
    for _ = 1, tonumber(take()) do table.insert(batch.drop, take()) end
    for _ = 1, tonumber(take()) do
        local name = take()
        local stamp = take()
        batch.common[name] = {stamp, take()}
    end
    return batch
end

-- Keep what a batch says; tells whether anything is different now.
local function apply(room, batch)
    local key, prefix = room_key(room), 'f' .. batch.part .. '|'
    local is_different = false
    if batch.is_whole then
        for _, field in ipairs(facts_of(room, batch.part)) do
            if batch.put[string.sub(field, #prefix + 1)] == nil then
                redis.call('HDEL', key, field)
                is_different = true
            end
        end
    end
    for name, value in pairs(batch.put) do
        if redis.call('HGET', key, prefix .. name) ~= value then
            redis.call('HSET', key, prefix .. name, value)
            is_different = true
        end
    end
    for _, name in ipairs(batch.drop) do
        redis.call('HDEL', key, prefix .. name)
        is_different = true
    end
    for name, said in pairs(batch.common) do
        local before = redis.call('HGET', key, 'c' .. name)
        if not before or said[1] > string.match(before, '^[^\n]*') then
            redis.call('HSET', key, 'c' .. name, said[1] .. '\n' .. said[2])
            is_different = true
        end
    end
    return is_different
end

-- What happened in a room since a position; all there is, if that can't be told any more.
local function since(room, state, incarnation, seq)
    if state.incarnation == incarnation then
        local missed = {}
        if tonumber(seq) < tonumber(state.seq) then
            missed = redis.call('XRANGE', tail_key(room), '(' .. incarnation .. '-' .. seq, '+')
        end
        if #missed == state.seq - seq then
            local said = {}
            for _, entry in ipairs(missed) do table.insert(said, entry[2][2]) end
            return {'tail', incarnation, tostring(state.seq), said}
        end
    end
    return {'all', state.incarnation, tostring(state.seq), redis.call('HGETALL', room_key(room))}
end

-- Take a part away; tells whether it was the last one.
local function leave(room, part)
    local state = state_of(room)
    local index = state and position_of(state, part)
    if not index then return end
    table.remove(state.parts, index)
    if #state.parts == 0 then
        redis.call('DEL', room_key(room), tail_key(room))
        return true
    end
    for _, field in ipairs(facts_of(room, part)) do redis.call('HDEL', room_key(room), field) end
    keep_parts(room, state)
    tell(room, state, part, '', '-' .. part)
end

-- Take a node away with all that it said, and say so.
local function take_away(node)
    for _, member in ipairs(redis.call('SMEMBERS', rooms_key(node))) do
        local slot, room = string.match(member, '^(%S+) (.*)$')
        leave(room, node .. '/' .. slot)
    end
    redis.call('DEL', rooms_key(node), node_key(node))
    redis.call('SREM', 'connect:nodes', node)
    redis.call('PUBLISH', CHANNELS .. 'all', 'lost ' .. node)
    if redis.call('EXISTS', 'connect:nodes') == 0 then redis.call('DEL', 'connect:run') end
end
