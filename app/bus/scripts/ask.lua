-- Send a node a request; gives how many received it.
local node, request = ARGV[6], ARGV[7]
if is_fenced() then return 'fenced' end
return redis.call('PUBLISH', CHANNELS .. 'to:' .. node, request)
