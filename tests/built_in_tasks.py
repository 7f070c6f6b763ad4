"""The tasks that come with the product, in the order in which the catalog has them."""

BUILT_IN = [
    "data-processing",
    "database-cleanup",
    "generic-processor",
    "model-training",
    "notification",
    "performance-report",
    "provider-health",
    "system-health",
]
