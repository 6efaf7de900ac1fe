"""From the bot to a human and back: the states, who may move them, and what the agent is told."""
