"""Where the parts meet: a message's way in, the bot's turn. Short; each step belongs to the package that it calls."""
