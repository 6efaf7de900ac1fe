"""The desk's store: contacts, conversations and their messages. `messages.record_messages` alone writes a message."""
