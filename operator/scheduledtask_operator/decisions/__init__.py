"""Decisions, pure: values in, an answer with its reasons out."""
