-- SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- Takes nothing of Ann's that belongs to OMEMO. Test code.

local st = require "util.stanza";

module:hook("iq/bare/http://jabber.org/protocol/pubsub:pubsub", function (event)
	local origin, stanza = event.origin, event.stanza;
	local publish = stanza.tags[1]:get_child("publish");
	local node = publish and publish.attr.node or "";
	local is_key = node:find("omemo", 1, true) or node:find("axolotl", 1, true);
	if origin.username == "ann" and stanza.attr.type == "set" and is_key then
		origin.send(st.error_reply(stanza, "auth", "forbidden"));
		return true;
	end
-- Before the module that keeps them
end, 1000);
