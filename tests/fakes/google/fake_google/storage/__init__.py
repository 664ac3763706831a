"""Cloud Storage: the JSON API, the XML API, signed URLs, folders and managed folders."""
