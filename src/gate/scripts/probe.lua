-- Whether this node does what the other scripts need: run Lua, write, and let what was written expire.
-- KEYS[1]  a key of the slot range that is asked
-- ARGV[1]  milliseconds until it is forgotten
-- Returns 1.
redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])
return 1
