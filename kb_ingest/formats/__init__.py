"""The formats that knowledge comes in: one module each, all read by `registry.parser_for`."""
