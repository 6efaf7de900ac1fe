"""Live updates: the bus between processes, the hub of one process's connections, and the frames of the protocol."""
