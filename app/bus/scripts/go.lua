-- Be a node no more.
if is_fenced() then return 'fenced' end
take_away(NODE)
return 'ok'
