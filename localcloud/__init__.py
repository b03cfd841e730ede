"""AWS on a laptop: moto's server, an EMR that runs its steps for real, and faults on demand.

python -m localcloud up                  # a server on 127.0.0.1:5555
with LocalCloud(settings) as cloud: …    # the same inside a process: localcloud.server
"""
