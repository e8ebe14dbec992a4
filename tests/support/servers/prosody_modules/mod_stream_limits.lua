-- SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- Says how large a stanza may be (XEP-0478), which Prosody does itself since 13.
-- Test code.

local limit = assert(module:get_option_number("c2s_stanza_size_limit"));

module:hook("stream-features", function (event)
	event.features:tag("limits", { xmlns = "urn:xmpp:stream-limits:0" })
		:text_tag("max-bytes", ("%d"):format(limit)):up();
end);
