-- Send a node a request; gives how many received it.
local node, request = ARGV[5], ARGV[6]
if is_fenced() then return 'fenced' end
return redis.call('PUBLISH', 'connect:to:' .. node, request)
