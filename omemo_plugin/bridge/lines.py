# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

'''Lines in a chat that say what happens to its encryption.'''

from __future__ import annotations

from collections import deque

from . import compat
from .failures import report

# What a chat nobody opens may pile up
_KEPT = 20


class Lines:
    '''The lines of one account.'''

    def __init__(self, account: str) -> None:
        self._account = account
        self._kept: dict[str, deque[str]] = {}

    def tell(self, jid: str, line: str) -> None:
        '''Show a line in a chat, at once or when the chat is opened.'''
        try:
            if not compat.show_info(self._account, jid, line):
                self._kept.setdefault(jid, deque(maxlen=_KEPT)).append(line)
        except Exception as error:
            report('showing a line', error)

    def chat_opened(self, jid: str) -> None:
        '''The chat is on screen now.'''
        for line in self._kept.pop(jid, ()):
            self.tell(jid, line)
