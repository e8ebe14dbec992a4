-- SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- Carries out what a test puts into a folder, file by file in the order of their
-- names. The file is gone when it is done; if it fails it is renamed to .failed.
-- Test code.

local timer = require "util.timer";
local lfs = require "lfs";

return function (folder, pattern, carry_out)
	local unloaded = false;

	timer.add_task(0.1, function ()
		if unloaded then return; end
		local names = {};
		for name in lfs.dir(folder) do
			if name:match(pattern) then table.insert(names, name); end
		end
		table.sort(names);
		for _, name in ipairs(names) do
			local path = folder.."/"..name;
			local ok, problem = pcall(carry_out, name, path);
			if ok then
				assert(os.remove(path));
			else
				module:log("error", "not done: %s", problem);
				os.rename(path, path..".failed");
			end
		end
		return 0.1;
	end);

	function module.unload()
		unloaded = true;
	end
end
