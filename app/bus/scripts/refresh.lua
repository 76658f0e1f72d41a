-- Keep all rooms of this node; gives its parts that are still in them.
if is_fenced() then return 'fenced' end
local found = {}
for _, member in ipairs(redis.call('SMEMBERS', rooms_key(NODE))) do
    local slot, room = string.match(member, '^(%S+) (.*)$')
    redis.call('PEXPIRE', tail_key(room), TTL)
    redis.call('PEXPIRE', room_key(room), TTL)
    local state = state_of(room)
    if state and position_of(state, NODE .. '/' .. slot) then table.insert(found, member) end
end
redis.call('PEXPIRE', rooms_key(NODE), TTL)
return found
