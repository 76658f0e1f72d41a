-- Be a part of a room, from now on or again; gives what is to be known of it.
local room, part, said, keeps, incarnation, seq = ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10], ARGV[11]
if is_fenced() then return 'fenced' end
local state = state_of(room)
if not state then
    state = {incarnation = now(), seq = '0', parts = {}}
    redis.call('HSET', room_key(room), 'run', RUN, 'incarnation', state.incarnation, 'seq', '0')
end
local is_new = not position_of(state, part)
if is_new then
    -- What was said while it was no part of the room is not all in the tail: who is alone says nothing there.
    incarnation = ''
    table.insert(state.parts, part)
    keep_parts(room, state)
end
redis.call('SADD', rooms_key(NODE), string.match(part, '[^/]*$') .. ' ' .. room)
redis.call('PEXPIRE', rooms_key(NODE), TTL)
redis.call('PEXPIRE', room_key(room), TTL)
local batch = read_batch(said)
-- Who takes over what an earlier app left does not know yet what that is.
batch.is_whole = is_new or keeps == ''
if apply(room, batch) or is_new then tell(room, state, part, '', said) end
return since(room, state, incarnation, seq)
