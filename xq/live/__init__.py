"""The one live loop: what happens at a bar's close."""
