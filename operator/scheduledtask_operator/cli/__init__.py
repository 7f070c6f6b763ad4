"""The `scheduledtask` program: one file a verb, loaded when it is asked for."""
