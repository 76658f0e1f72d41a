-- Tell what happened in a room since a position.
local room, incarnation, seq = ARGV[6], ARGV[7], ARGV[8]
local state = state_of(room)
if not state then return 'missing' end
return since(room, state, incarnation, seq)
