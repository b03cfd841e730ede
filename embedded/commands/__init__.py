"""The commands of ./nightshift, a module each: `add` describes one to argparse, `run` does it."""
