-- Say something in a room.
local room, to, said = ARGV[6], ARGV[7], ARGV[8]
if is_fenced() then return 'fenced' end
local batch = read_batch(said)
local state = state_of(room)
if not state or not position_of(state, batch.part) then return 'missing' end
apply(room, batch)
tell(room, state, batch.part, to, said)
return 'ok'
