-- Be a part of a room no more.
local room, part = ARGV[6], ARGV[7]
if is_fenced() then return 'fenced' end
local was_last = leave(room, part)
redis.call('SREM', rooms_key(NODE), string.match(part, '[^/]*$') .. ' ' .. room)
return was_last and 'last' or 'ok'
