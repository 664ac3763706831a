"""A strict, stateful double of the parts of Google Cloud that Easel uses; see README.md beside this package."""
