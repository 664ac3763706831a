"""Static analysis of a block's source: what it reads, writes and looks like, without running it."""
