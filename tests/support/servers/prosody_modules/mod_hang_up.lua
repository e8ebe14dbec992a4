-- SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- Closes the connections of each user whose name is a file in a folder, as a
-- network does that breaks down: without a word. Done when the file is gone.
-- Test code.

local follow_orders = module:require "orders";

local folder = assert(module:get_option_string("hang_up_folder"));

follow_orders(folder, "^%w+$", function (user)
	local account = prosody.hosts[module.host].sessions[user];
	for _, session in pairs(account and account.sessions or {}) do
		if session.conn then session.conn:close(); end
	end
end);
