"""Which AWS a command works on, as whom: endpoint, clients, environment, roles, and what stands there before a run."""
