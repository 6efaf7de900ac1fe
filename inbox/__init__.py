"""The desk's store: contacts, conversations and their messages. `messages.record_message` alone writes a message."""
