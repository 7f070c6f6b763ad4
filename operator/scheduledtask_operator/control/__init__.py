"""The loop: resources in, jobs and grants to the scheduler, workers up and down, status out.

It knows ports, not clients: `local/` has them for one machine.
"""
