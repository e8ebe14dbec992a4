# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The window "My QR code": what others scan to verify this account. The text is
the one that Conversations shows and reads.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ...device_names import title
from ...engine.keys.device_info import DeviceInfo
from ...engine.values import Trust
from ...i18n import _
from ...verify.fingerprint import groups
from ...verify.uri import build_fingerprint_uri

if TYPE_CHECKING:
    from .ports import Service

Matrix = tuple[tuple[bool, ...], ...]


class Code:
    """The content of the window with the user's QR code."""

    def __init__(
        self, service: Service, draw: Callable[[str], Matrix] | None = None
    ) -> None:
        """
        Args:
            draw: makes a code; by default with the library for that, which
                may be missing.
        """
        self._service = service
        self._draw = draw

    @property
    def title(self) -> str:
        return _("My QR code: {jid}").format(jid=self.jid)

    @property
    def jid(self) -> str:
        return self._service.own_jid

    @property
    def help(self) -> str:
        """How to use the code."""
        return _(
            "Let your contact scan this with Conversations, or with this plugin. "
            "Then they know that they are writing to you."
        )

    @property
    def problem(self) -> str:
        """Why there is no code; '' if there is one."""
        if self._service.problem:
            return f"{_('Encryption does not work.')} {self._service.problem}"
        if self._draw is None and _drawing() is None:
            return _(
                "To show the code, install the package “python3-qrcode” and start "
                "Gajim again. Your contact can also compare the fingerprint."
            )
        return ""

    def uri(self) -> str:
        """This device, and our others as far as they have been verified."""
        fingerprints = {self._service.device_id: self._service.fingerprint}
        for info in self._infos():
            assert info.fingerprint is not None
            fingerprints[info.device.device_id] = info.fingerprint
        return build_fingerprint_uri(self.jid, fingerprints)

    def _infos(self) -> list[DeviceInfo]:
        service = self._service
        return [
            info
            for info in service.devices(service.own_jid)
            if info.active
            and info.fingerprint is not None
            and not info.key_changed
            and info.trust is Trust.VERIFIED
            and info.device.device_id != service.device_id
        ]

    def matrix(self) -> Matrix:
        """
        The modules of the code, with the quiet zone; True is dark.

        Raises:
            ImportError: see `problem`.
        """
        draw = self._draw or _drawing()
        if draw is None:
            raise ImportError("qrcode")
        return draw(self.uri())

    def png(self) -> bytes:
        """
        The code as an image, to be saved.

        Raises:
            ImportError: see `problem`.
        """
        from ...verify.qr import draw_png

        return draw_png(self.uri())

    @property
    def file_name(self) -> str:
        """A name to offer. It does not tell whose code it is."""
        return "omemo-qr-code.png"

    def fingerprint(self) -> tuple[str, ...]:
        """The fingerprint of this device, in eight groups."""
        return groups(self._service.fingerprint)

    def fingerprints_text(self) -> str:
        """The fingerprints that are in the code, to be pasted somewhere."""
        lines = [self.jid, _("This device:"), self._grouped(self._service.fingerprint)]
        for info in self._infos():
            lines.append(_("{device}:").format(device=title(info)))
            lines.append(self._grouped(info.fingerprint or ""))
        return "\n".join(lines)

    @staticmethod
    def _grouped(fingerprint: str) -> str:
        return " ".join(groups(fingerprint))

    @property
    def spoken(self) -> str:
        """The text of the picture for a screen reader."""
        return _("QR code with the fingerprints of {jid}").format(jid=self.jid)


def _drawing() -> Callable[[str], Matrix] | None:
    try:
        from ...verify.qr import draw_matrix
    except ImportError:
        return None
    return draw_matrix
