"""Steps from one format of the journal to the next, one file each."""
