"""A failed step of a run, fetched and run again on this machine.

submitted    what a run submitted (jobs.json), and which step of it failed
fetch        its jobs by their hash, and what it read, as of its start
rows         a few lines of a text file instead of the whole
place        the folder of it: a scratch lake, Spark's configuration, a script that runs it again
driver       the step's Python, under pdb if requested (a process of its own)
verdict      whether it failed here as it did there
"""
