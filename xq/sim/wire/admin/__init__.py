"""The venue's second port: for whoever runs it, not for who trades there."""
