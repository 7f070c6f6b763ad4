"""What both engines share around a body: captured output, limits, the report of an attempt."""
