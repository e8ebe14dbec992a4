# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest

from omemo_plugin.bridge.gajim.patches import Patches
from omemo_plugin.ui.gajim_windows import error_reports


class ExceptionDialog:
    """Gajim's, as far as it is used."""

    def _before_send(self, event: dict[str, Any], _hint: Any) -> dict[str, Any]:
        event["server_name"] = "redacted"
        return event


def test_case_150_no_values_in_a_report(monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = ModuleType("gajim.gtk.exception")
    module.ExceptionDialog = ExceptionDialog
    monkeypatch.setitem(sys.modules, "gajim.gtk.exception", module)
    patches = Patches()
    error_reports.install(patches)

    def event() -> dict[str, Any]:
        frame = {"function": "received", "lineno": 5, "vars": {"text": "'a secret'"}}
        value = {"type": "ValueError", "stacktrace": {"frames": [frame]}}
        return {"exception": {"values": [value]}, "threads": ({"vars": {"key": "k"}},)}

    sent = ExceptionDialog()._before_send(event(), None)
    assert "secret" not in str(sent)
    assert "'k'" not in str(sent)
    assert sent["exception"]["values"][0]["stacktrace"]["frames"] == [
        {"function": "received", "lineno": 5}
    ]
    assert sent["server_name"] == "redacted"
    patches.restore()
    assert "secret" in str(ExceptionDialog()._before_send(event(), None))
