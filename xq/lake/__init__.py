"""One Parquet lake: Hive-style files that any reader understands, written atomically."""
