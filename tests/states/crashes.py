"""A process that kills children while they save their state, and loads what each has left.

`python -m tests.states.crashes FILE COUNT`. It forks, which only a process without threads may do.
"""

import os
import random
import signal
import sys
from pathlib import Path

from mock_sendpilot.states.state_file import StateFile
from tests.states.test_snapshots import World


def save_for_ever(path: Path, pipe: int) -> None:
    """Change a workspace and save its state again and again."""
    world = World()
    state_file = StateFile(path)
    while True:
        world.workspace.store.set_lead_status("lead_1", status="DONE")
        world.workspace.store.set_lead_status("lead_1", status="PENDING")
        state_file.save(world.emulator)
        os.write(pipe, b".")


def main(path: Path, count: int) -> None:
    """Kill so many children, each somewhere in a save, and print how many files have loaded."""
    chance = random.Random(7)
    loaded = 0
    for _ in range(count):
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            save_for_ever(path, writer)
        os.close(writer)
        for _ in range(chance.randint(1, 3)):
            os.read(reader, 1)
        for _ in range(chance.randint(0, 40_000)):  # a moment that is another one each time
            pass
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(reader)
        states = StateFile(path).load()
        loaded += states is not None and states[0].world.publisher.last_recorded > 0
    sys.stdout.write(f"{loaded}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
