"""A lake in an object store: immutable files, one head per dataset, conditional put as commit."""
