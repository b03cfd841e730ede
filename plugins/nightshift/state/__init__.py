"""State of runs: the ledger, and the locks and leases that several runs share."""
