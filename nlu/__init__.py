"""Understanding a message: normalise, segment, recognise intents, entities and mood. No database, no web."""
