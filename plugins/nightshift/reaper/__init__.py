"""The reaper: finds runs that died, says why, and removes what they left."""
