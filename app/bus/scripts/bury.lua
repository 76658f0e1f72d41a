-- Take a node for dead whose lease is over.
local node = ARGV[6]
if is_fenced() then return 'fenced' end
if redis.call('EXISTS', node_key(node)) == 1 then return 'alive' end
take_away(node)
return 'buried'
