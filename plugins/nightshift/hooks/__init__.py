"""What talks to AWS and terraform: each hook is one service seen from a night."""
