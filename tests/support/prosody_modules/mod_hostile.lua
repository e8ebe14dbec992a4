-- SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- Makes the server a hostile one: it sends its clients whatever is put into a
-- folder. Of each file NAME.xml the first line is the user who gets it, the rest
-- one stanza, which is sent as it is: with any sender, checked by nobody. Done
-- when the file is gone. Test code.

local st = require "util.stanza";
local xml = require "util.xml";

local follow_orders = module:require "orders";

local folder = assert(module:get_option_string("hostile_folder"));

follow_orders(folder, "%.xml$", function (_, path)
	local file = assert(io.open(path));
	local user, text = file:read("*l"), file:read("*a");
	file:close();
	local stanza = assert(xml.parse(text));
	for _, session in pairs(prosody.hosts[module.host].sessions[user].sessions) do
		local copy = st.clone(stanza);
		copy.attr.to = copy.attr.to or session.full_jid;
		session.send(copy);
	end
end);
