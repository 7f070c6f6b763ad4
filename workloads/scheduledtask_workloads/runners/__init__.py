"""Light runs in child processes: `scheduledtask runners`.

Three kinds of process, each single-threaded:

    program   asyncio; the scheduler's socket, who runs what, time and memory limits; imports no task code
      └ nursery   has loaded the catalog; forks children, kills them, and buries what they leave
          ├ child   one namespace, one run at a time
          └ child

Why not a pool from a library (pebble 5.2, concurrent.futures): theirs hand tasks to whichever worker reads first from
one queue, so no worker can be kept to a namespace; they fork replacements from a process with threads; and they end
the worker alone, not what its body started. Children and nursery here are subreapers (prctl(2)), so that whatever a
body forks stays below its child, and falls to the nursery when the child dies, and to the program when the nursery
dies: nothing runs on unobserved, whichever of the three is killed.
"""
