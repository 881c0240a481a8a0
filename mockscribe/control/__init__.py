"""The control API over HTTP: routes made from the table of commands, with no state of its own."""
