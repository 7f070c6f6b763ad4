"""The control plane: what a ScheduledTask means, where its runs belong, and what must exist for them."""
