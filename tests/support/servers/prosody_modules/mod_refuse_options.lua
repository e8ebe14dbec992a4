-- SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- Changes the options of no node. Test code.

local st = require "util.stanza";

module:hook("iq/bare/http://jabber.org/protocol/pubsub#owner:pubsub", function (event)
	local origin, stanza = event.origin, event.stanza;
	if stanza.attr.type == "set" and stanza.tags[1]:get_child("configure") then
		origin.send(st.error_reply(stanza, "auth", "forbidden"));
		return true;
	end
-- Before the module that would do it
end, 1000);
