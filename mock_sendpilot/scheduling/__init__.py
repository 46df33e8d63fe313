"""What falls due: a queue of tasks and a scheduler for each workspace, and threads for all."""
