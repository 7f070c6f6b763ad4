"""Pure builders of Kubernetes objects: values in, a fresh dict out."""
