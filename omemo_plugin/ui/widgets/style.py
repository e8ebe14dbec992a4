# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The style of the windows, for GTK 3 and 4 alike. The tones are those of
`presenters/badges.py`.
"""

from __future__ import annotations

from pathlib import Path

ICONS = Path(__file__).parents[1] / "icons"

TONES = ("omemo-good", "omemo-plain", "omemo-caution", "omemo-alarm")

# A tone colours pictures only. What it means is always written beside them. The
# colours have a contrast of 3 on light and on dark windows (WCAG 2.1, 1.4.11).
CSS = """
.omemo-page { padding: 18px; }
.omemo-heading { font-weight: bold; }
.omemo-title { font-size: 130%; }
.omemo-small { font-size: 90%; }
.omemo-summary { padding: 12px; border-radius: 8px;
  background-color: alpha(currentColor, 0.06); }
.omemo-card { padding: 12px; border-radius: 8px;
  border: 1px solid alpha(currentColor, 0.2); }
.omemo-fingerprint { font-family: monospace; }
.omemo-notice { padding: 6px 12px; margin: 6px 12px 12px 12px; border-radius: 8px;
  background-color: alpha(currentColor, 0.1); }
image.omemo-good { color: #26a269; }
image.omemo-plain { color: inherit; }
image.omemo-caution { color: #e66100; }
image.omemo-alarm { color: #ed333b; }
.omemo-dock { margin: 0 0 6px 0; }
.omemo-truth { padding: 4px 6px; border-left: 4px solid transparent;
  border-radius: 0; }
.omemo-truth.omemo-caution { border-left-color: #e66100; }
.omemo-truth.omemo-alarm { border-left-color: #ed333b; }
.omemo-waiting { padding: 4px 6px; border-left: 4px solid transparent; }
.omemo-waiting.omemo-caution { border-left-color: #e66100;
  background-color: alpha(currentColor, 0.06); }
.omemo-banner { padding: 12px; border-radius: 8px; }
.omemo-banner.omemo-caution { background-color: alpha(#e66100, 0.12); }
.omemo-banner.omemo-alarm { background-color: alpha(#ed333b, 0.12); }
.omemo-row-undecided { border-left: 4px solid #e66100; }
.omemo-row-refused { border-left: 4px solid #ed333b; }
.omemo-offer { padding: 2px 8px; }
"""
