# SPDX-License-Identifier: GPL-2.0-or-later
"""A terminal in memory: what terminfo's "xterm" makes a program send, and nothing else.

Every other control sequence is an error: a screen that shows hostile text must not let
one through.
"""
import re
import unicodedata

# CSI with its parameters; charset choices; single character escapes; controls
TOKEN = re.compile(r"\x1b\[([?>]?)([\d;]*)([A-Za-z@])|\x1b([()][AB0])|\x1b([=>78M])|([\x00-\x1f\x7f])"
                   r"|([^\x00-\x1f\x7f])")
PARTIAL = re.compile(r"\x1b(\[[?>]?[\d;]*)?$|\x1b[()]?$")


class Unknown(Exception):
    """A sequence that no screen of ours has a use for."""


def width_of(c):
    if unicodedata.combining(c):
        return 0
    return 2 if unicodedata.east_asian_width(c) in "WF" else 1


class Terminal:
    def __init__(self, columns, lines):
        self.rest = ""
        self.bytes = b""            # of a character that is not whole yet
        self.modes = set()          # "?1049", "?25"
        self.colours = set()        # foreground colours ever set
        self.last = " "
        self.resize(columns, lines)

    def resize(self, columns, lines):
        self.columns, self.lines = columns, lines
        self.cells = [[" "] * columns for _ in range(lines)]
        self.x = self.y = 0
        self.top, self.bottom = 0, lines - 1

    def text(self):
        return ["".join(row).rstrip() for row in self.cells]

    def feed(self, data):
        self.bytes += data
        cut = len(self.bytes)
        for back in range(1, min(4, cut) + 1):
            lead = self.bytes[cut - back]
            if lead >= 0xc0:
                whole = 2 if lead < 0xe0 else 3 if lead < 0xf0 else 4
                cut -= back if back < whole else 0
                break
        text, self.bytes = self.rest + self.bytes[:cut].decode("utf-8"), self.bytes[cut:]
        at = 0
        while at < len(text):
            m = TOKEN.match(text, at)
            if not m:
                if PARTIAL.match(text[at:]):
                    break
                raise Unknown(repr(text[at:at + 20]))
            at = m.end()
            self.take(m)
        self.rest = text[at:]

    def take(self, m):
        private, parameters, final, charset, escape, control, character = m.groups()
        if character:
            self.put(character)
        elif control:
            self.control(control)
        elif escape == "M":
            self.y = max(self.y - 1, 0)
        elif final:
            numbers = [int(p) if p else 0 for p in parameters.split(";")]
            self.sequence(private, numbers, final)
        # charsets and keypad modes change nothing that is shown here

    def put(self, c):
        width = width_of(c)
        if width == 0:
            self.cells[self.y][self.x - 1] += c
            return
        if self.x + width > self.columns:
            self.x, self.y = 0, min(self.y + 1, self.lines - 1)
        row = self.cells[self.y]
        for i in range(self.x, self.x + width):
            self.break_wide(row, i)
        row[self.x] = c
        if width == 2:
            row[self.x + 1] = ""
        self.x += width
        self.last = c

    def break_wide(self, row, i):
        if row[i] == "" and i > 0:
            row[i - 1] = " "
        if len(row[i]) > 0 and width_of(row[i][0]) == 2 and i + 1 < self.columns:
            row[i + 1] = " "
        row[i] = " "

    def control(self, c):
        if c == "\r":
            self.x = 0
        elif c == "\n":
            self.y = min(self.y + 1, self.lines - 1)
        elif c == "\b":
            self.x = max(self.x - 1, 0)
        elif c not in "\x07\x0f":
            raise Unknown(repr(c))

    def erase(self, row, first, last):
        for i in range(first, last):
            self.break_wide(self.cells[row], i)

    def sequence(self, private, n, final):
        if private:
            for mode in n:
                (self.modes.add if final == "h" else self.modes.discard)("?%d" % mode)
            if final not in "hl":
                raise Unknown("CSI %s%r%s" % (private, n, final))
            return
        act = getattr(self, "csi_" + final if final != "@" else "csi_at", None)
        if act is None:
            raise Unknown("CSI %r%s" % (n, final))
        act(n, max(n[0], 1))

    def csi_H(self, n, first):
        self.y = min(first, self.lines) - 1
        self.x = min(max(n[1] if len(n) > 1 else 1, 1), self.columns) - 1

    def csi_A(self, _, n):
        self.y = max(self.y - n, 0)

    def csi_B(self, _, n):
        self.y = min(self.y + n, self.lines - 1)

    def csi_C(self, _, n):
        self.x = min(self.x + n, self.columns - 1)

    def csi_D(self, _, n):
        self.x = max(self.x - n, 0)

    def csi_G(self, _, n):
        self.x = min(n, self.columns) - 1

    def csi_d(self, _, n):
        self.y = min(n, self.lines) - 1

    def csi_J(self, n, _):
        rows = {0: range(self.y + 1, self.lines), 1: range(0, self.y),
                2: range(0, self.lines)}[n[0]]
        for row in rows:
            self.erase(row, 0, self.columns)
        if n[0] < 2:
            self.csi_K(n, 1)

    def csi_K(self, n, _):
        first, last = {0: (self.x, self.columns), 1: (0, self.x + 1),
                       2: (0, self.columns)}[n[0]]
        self.erase(self.y, first, last)

    def csi_X(self, _, n):
        self.erase(self.y, self.x, min(self.x + n, self.columns))

    def csi_P(self, _, n):
        row = self.cells[self.y]
        del row[self.x:self.x + n]
        row.extend([" "] * (self.columns - len(row)))

    def csi_at(self, _, n):
        row = self.cells[self.y]
        row[self.x:self.x] = [" "] * n
        del row[self.columns:]

    def csi_b(self, _, n):
        for _ in range(n):
            self.put(self.last)

    def csi_r(self, n, first):
        self.top = first - 1
        self.bottom = (n[1] if len(n) > 1 and n[1] else self.lines) - 1
        self.x = self.y = 0

    def scroll(self, at, n, down):
        for _ in range(min(n, self.bottom - at + 1)):
            if down:
                del self.cells[self.bottom]
                self.cells.insert(at, [" "] * self.columns)
            else:
                del self.cells[at]
                self.cells.insert(self.bottom, [" "] * self.columns)

    def csi_L(self, _, n):
        self.scroll(self.y, n, True)

    def csi_M(self, _, n):
        self.scroll(self.y, n, False)

    def csi_S(self, _, n):
        self.scroll(self.top, n, False)

    def csi_T(self, _, n):
        self.scroll(self.top, n, True)

    def csi_m(self, n, _):
        self.colours.update(c for c in n if 30 <= c <= 37 or 90 <= c <= 97)

    def csi_h(self, n, _):
        pass

    def csi_t(self, n, _):
        pass

    csi_l = csi_h
