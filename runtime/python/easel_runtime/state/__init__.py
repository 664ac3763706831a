"""A block's state: loading what it reads, capturing what it leaves (docs/formats/manifest.md, object.md)."""
