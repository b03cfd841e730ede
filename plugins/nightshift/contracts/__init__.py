"""Contracts: what a pipeline is, what its sources must look like, and how a delivery differs from that."""
