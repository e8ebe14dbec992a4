# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The consequences when two people compare and something differs: the contact's devices
are restricted, until a comparison succeeds or the user takes it back.
"""

from __future__ import annotations

from abc import ABC
from abc import abstractmethod
from dataclasses import dataclass

from ...engine.state.diary import DiaryKind
from ...engine.values import Device
from ...engine.values import Trust
from ...i18n import _
from .badges import Icon
from .badges import Tone
from .trust_before import ComparingService
from .trust_before import TrustBefore


@dataclass(frozen=True)
class Outcome:
    """
    The last page of a comparison.

    Attributes:
        again: it can be compared once more.
        ask_back: the question whether the other one has done the same; '' for none.
    """

    title: str
    text: str
    icon: Icon
    tone: Tone
    again: bool = False
    ask_back: str = ""

    @property
    def spoken(self) -> str:
        return f"{self.title}. {self.text}"


def ask_back(name: str) -> str:
    """The question whether a contact has verified the user as well."""
    return _("Has {name} checked you too?").format(name=name)


class FailedCheck:
    """The consequences of one comparison with a contact."""

    def __init__(self, service: ComparingService, jid: str, name: str) -> None:
        """
        Args:
            name: what the user calls the contact.
        """
        self._service = service
        self._jid = jid
        self._name = name
        self._before: TrustBefore | None = None

    def all_devices(self) -> Outcome:
        """
        The words differed: which of the contact's devices is to blame is not
        known, so none that is not verified gets anything. New ones do not either.
        """
        self._note()
        self._service.settings.set_blind_trust_of(self._jid, False)
        for info in self._service.devices(self._jid):
            if info.trust is Trust.BLIND and info.fingerprint is not None:
                self._service.device_management.set_trust(info.device, Trust.UNDECIDED)
        return self._outcome(
            _(
                "From now on nothing goes to {name}’s devices that are not verified. "
                "Perhaps one of you has a new device that the other has not met. Go "
                "online both, then compare again. If it differs again, somebody may "
                "be between you: meet, and send nothing secret before."
            )
        )

    def one_device(self, device: Device) -> Outcome:
        """The fingerprint of a device differed: it is refused."""
        self._note()
        for info in self._service.devices(self._jid):
            if info.device == device:
                self._service.device_management.set_trust(device, Trust.DISTRUSTED)
        return self._outcome(
            _(
                "From now on this device gets nothing. Perhaps you looked at two "
                "different devices: compare again. If it differs again, somebody may "
                "be between you: meet, and send nothing secret before."
            )
        )

    def _note(self) -> None:
        # Where it differs twice, what was before the first time counts
        if self._before is None:
            self._before = TrustBefore(self._service, self._jid)
        self._service.alarms.check_failed(self._jid)

    def undo(self) -> None:
        """Put back exactly what was before."""
        before, self._before = self._before, None
        if before is not None:
            before.restore()

    def lift(self) -> None:
        """A later comparison succeeded: new devices are met as before."""
        before, self._before = self._before, None
        if before is not None:
            before.restore_choice()
        self._service.alarms.check_lifted(self._jid)

    def _outcome(self, text: str) -> Outcome:
        if self._before is not None:
            self._before.keep(DiaryKind.FAILED)
        return Outcome(
            _("Stop: you do not see the same"),
            text.format(name=self._name),
            Icon.DISTRUSTED,
            Tone.ALARM,
            again=True,
        )


class SharedCheck(ABC):
    """
    Two people compare something.

    Attributes:
        notice: what has just happened; '' for nothing.
    """

    def __init__(self, service: ComparingService, jid: str, name: str) -> None:
        """
        Args:
            name: what the user calls the contact.
        """
        self._failed = FailedCheck(service, jid, name)
        self._before: TrustBefore | None = None
        self.notice = ""

    @abstractmethod
    def restart(self) -> None:
        """Compare again, from the beginning."""

    def undo(self) -> None:
        """Put back what was before the last answer."""
        before, self._before = self._before, None
        if before is not None:
            before.restore()
        self._failed.undo()
        self.restart()
        self.notice = _("Undone.")
