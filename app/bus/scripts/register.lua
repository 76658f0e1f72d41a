-- Be a node from now on, or again. Its epoch stays, unless others took it for dead: a Redis that lost its memory, or
-- was away for longer than the lease, makes nobody dead.
local lease, epoch_before, run_before, about = ARGV[6], ARGV[7], ARGV[8], ARGV[9]
local time = now()
-- Redis has a run id of its own for each start; it may be emptied without one.
local run = redis.call('GET', 'connect:run')
if not run or string.sub(run, 1, #RUN) ~= RUN then
    run = RUN .. '-' .. time
    redis.call('SET', 'connect:run', run)
end
redis.call('PEXPIRE', 'connect:run', TTL)
local epoch = redis.call('HGET', node_key(NODE), 'epoch')
if not epoch then
    local was_not_buried = run_before ~= run or redis.call('SISMEMBER', 'connect:nodes', NODE) == 1
    if epoch_before ~= '0' and was_not_buried then
        epoch = epoch_before
    else
        epoch = string.format('%.0f', math.max(math.floor(time / 1000), epoch_before + 1))
    end
end
redis.call('HSET', node_key(NODE), 'token', time, 'epoch', epoch, 'about', about)
redis.call('PEXPIRE', node_key(NODE), lease)
redis.call('SADD', 'connect:nodes', NODE)
redis.call('PEXPIRE', 'connect:nodes', TTL)
redis.call('PUBLISH', CHANNELS .. 'all', 'node ' .. epoch .. ' ' .. NODE .. '\n' .. about)
local nodes = {}
for _, node in ipairs(redis.call('SMEMBERS', 'connect:nodes')) do
    local found = redis.call('HMGET', node_key(node), 'epoch', 'about')
    table.insert(nodes, {node, found[1] or '', found[2] or ''})
end
return {time, epoch, run, redis.call('SMEMBERS', rooms_key(NODE)), nodes}
