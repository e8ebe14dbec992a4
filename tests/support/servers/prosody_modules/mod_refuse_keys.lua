-- SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- Lets nobody publish keys for OMEMO. Test code.

local st = require "util.stanza";

local function refuse(event)
	if event.stanza.attr.type ~= "set" then return; end
	local publish = event.stanza.tags[1]:get_child("publish");
	local node = publish and publish.attr.node or "";
	if node:find("omemo", 1, true) or node:find("axolotl", 1, true) then
		event.origin.send(st.error_reply(event.stanza, "auth", "forbidden"));
		return true;
	end
end

-- Before the module that keeps them
module:hook("iq/bare/http://jabber.org/protocol/pubsub:pubsub", refuse, 1000);
