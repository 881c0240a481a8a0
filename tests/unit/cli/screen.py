"""A terminal, as much of it as the commands use."""


class Screen:
    """Lines, carriage return, one line up, erase the line; colours are passed over.

    What is written may be cut anywhere. A return has to be followed by an erasure: text over old text is a fault.
    """

    def __init__(self) -> None:
        self.rows = [""]
        self.at = 0
        self._begun = ""  # a control sequence that is not complete
        self._returned = False

    def write(self, text: str) -> None:
        for character in text.replace("\r\n", "\n"):
            if self._begun or character == "\x1b":
                self._begun += character
                if character.isalpha():
                    self._control(self._begun)
                    self._begun = ""
            elif character == "\r":
                self._returned = True
            elif character == "\n":
                self.at, self._returned = self.at + 1, False
                if self.at == len(self.rows):
                    self.rows.append("")
            else:
                assert not self._returned, "text over old text"
                self.rows[self.at] += character

    def _control(self, sequence: str) -> None:
        match sequence:
            case "\x1b[2K":
                self.rows[self.at], self._returned = "", False
            case "\x1b[1A":
                self.at -= 1
                assert self.at >= 0, "the cursor left the screen"
            case _:
                assert sequence.endswith("m"), f"a sequence that nobody draws: {sequence!r}"

    @property
    def shown(self) -> list[str]:
        """The lines that are not empty."""
        return [row for row in self.rows if row]
