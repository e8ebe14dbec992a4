-- SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- Closes the connections of each user whose name is a file in a folder, as a
-- network does that breaks down: without a word. Done when the file is gone.
-- Test code.

local timer = require "util.timer";
local lfs = require "lfs";

local folder = assert(module:get_option_string("hang_up_folder"));
local unloaded = false;

local function hang_up(user)
	local account = prosody.hosts[module.host].sessions[user];
	for _, session in pairs(account and account.sessions or {}) do
		if session.conn then session.conn:close(); end
	end
	assert(os.remove(folder.."/"..user));
end

timer.add_task(0.1, function ()
	if unloaded then return; end
	local users = {};
	for user in lfs.dir(folder) do
		if user:match("^%w+$") then table.insert(users, user); end
	end
	for _, user in ipairs(users) do
		local ok, problem = pcall(hang_up, user);
		if not ok then module:log("error", "not hung up: %s", problem); end
	end
	return 0.1;
end);

function module.unload()
	unloaded = true;
end
