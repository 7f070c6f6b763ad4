"""Dashboards and alerts as code; `make dashboards` writes them into `dashboards/json`, `alerts` and the chart."""
