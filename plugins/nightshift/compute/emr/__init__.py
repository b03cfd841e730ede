"""Amazon EMR on EC2: one cluster a run, whose steps EMR runs one after the other."""
