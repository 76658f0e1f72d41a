-- Say that this node lives, and how it is.
local lease, about = ARGV[6], ARGV[7]
if is_fenced() then return 'fenced' end
redis.call('HSET', node_key(NODE), 'about', about)
redis.call('PEXPIRE', node_key(NODE), lease)
redis.call('PEXPIRE', 'connect:nodes', TTL)
redis.call('PEXPIRE', 'connect:run', TTL)
local epoch = redis.call('HGET', node_key(NODE), 'epoch')
redis.call('PUBLISH', CHANNELS .. 'all', 'node ' .. epoch .. ' ' .. NODE .. '\n' .. about)
return now()
